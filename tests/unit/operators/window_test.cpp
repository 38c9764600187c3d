#include "keyed_rig.hpp"
#include "window/window_aggregate.hpp"
#include "window_oracle.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>

namespace flow {
namespace {

using namespace testing;
using Keys = WindowOracle::Keys;

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::unique_ptr<Operator> make_window(const WindowAggregateSpec& spec,
                                      Phase phase = Phase::single) {
  auto made = make_window_aggregate(spec, WindowOracle::input_shape(), phase);
  if (!made) FAIL(made.error().to_line());
  return *std::move(made);
}

/// One random stream: rows around a moving time, watermarks that trail it.
struct Step {
  std::vector<InputRow> rows;
  std::int64_t watermark = 0;
  bool is_watermark = false;
};
std::vector<Step> random_stream(Random& random, std::int64_t size, std::int64_t slide) {
  std::vector<Step> steps;
  auto now = random.between(-5 * size, size);
  auto told = std::numeric_limits<std::int64_t>::min();
  const auto keys = 1 + random.below(40);
  const int count = 10 + static_cast<int>(random.below(30));
  for (int i = 0; i < count; ++i) {
    if (random.chance(0.6)) {
      const auto rows = random.chance(0.2) ? 1 : 1 + random.below(120);
      const auto disorder = random.chance(0.1) ? 3 * size : size;
      steps.push_back({random_rows(random, rows, now, disorder, keys), 0, false});
    } else {
      const auto next = now - random.between(0, size);
      if (next <= told) continue;
      told = next;
      steps.push_back({{}, next, true});
    }
    now += random.between(0, random.chance(0.05) ? 20 * size : 2 * slide);
  }
  return steps;
}

struct Shape {
  std::int64_t size;
  std::int64_t slide;
};

/// The same rows as a batch that looks different: rows in between that are not selected, a
/// dictionary.
Batch disguised(const std::vector<InputRow>& rows) {
  auto all = rows;
  std::vector<std::uint32_t> selected;
  for (std::uint32_t i = 0; i < rows.size(); ++i) selected.push_back(i);
  if (rows.size() % 3 == 0) {
    all.clear();
    selected.clear();
    for (const auto& row : rows) {
      auto other = row;
      other.k = 77;
      other.at = std::numeric_limits<std::int64_t>::max();
      all.push_back(other);
      selected.push_back(static_cast<std::uint32_t>(all.size()));
      all.push_back(row);
    }
  }
  auto batch = to_batch(all);
  if (rows.size() % 2 == 0) batch = with_dictionary(batch, 1);
  return all.size() == rows.size() ? batch : select(batch, selected);
}

void run(KeyedRig& rig, const std::vector<Step>& steps, std::size_t from = 0) {
  for (std::size_t i = from; i < steps.size(); ++i) {
    if (steps[i].is_watermark) {
      rig.watermark({steps[i].watermark});
    } else {
      rig.push(disguised(steps[i].rows));
    }
  }
  rig.end();
}

void check_against_oracle(Keys keys, Shape shape, std::int64_t lateness, bool floats,
                          Random& random, const RigOptions& options) {
  WindowOracle oracle{keys, shape.size, shape.slide, lateness};
  if (!floats) oracle.only_exact();
  const auto steps = random_stream(random, shape.size, shape.slide);
  const auto spec = oracle.spec(floats);
  KeyedRig rig{[&] { return make_window(spec); }, options};
  run(rig, steps);
  for (const auto& step : steps) {
    if (step.is_watermark) {
      oracle.watermark(step.watermark);
    } else {
      oracle.push(step.rows);
    }
  }
  oracle.watermark(EventTime::max().micros);
  REQUIRE(sorted(row_texts(rig.output())) == sorted(oracle.results()));
  CHECK(rig.late_rows() == oracle.late().size());
  const auto late =
      oracle.late().empty() ? std::vector<std::string>{} : row_texts(to_batch(oracle.late()));
  CHECK(sorted(row_texts(rig.output(1))) == sorted(late));
}

const Shape kShapes[] = {{10, 10}, {10, 2}, {10, 4}, {7, 7}, {1000, 10}, {9, 6}, {1, 1}};

TEST_CASE("windows agree with a plain loop over all rows", "[unit][operators][window]") {
  Random random{test_seed()};
  for (int round = 0; round < 15; ++round) {
    for (const auto shape : kShapes) {
      const auto keys = static_cast<Keys>(random.below(4));
      const auto lateness = random.chance(0.5) ? 0 : random.between(0, 2 * shape.size);
      check_against_oracle(keys, shape, lateness, random.chance(0.5), random, {});
    }
  }
}

TEST_CASE("windows survive a snapshot and a rescale at every call and every more",
          "[unit][operators][window]") {
  Random random{test_seed() + 1};
  for (int round = 0; round < 4; ++round) {
    for (const auto shape : kShapes) {
      const auto keys = static_cast<Keys>(random.below(4));
      const auto lateness = random.chance(0.5) ? 0 : random.between(0, 2 * shape.size);
      RigOptions options;
      options.room = 1;
      options.restore_every_call = true;
      options.parallelisms = random.chance(0.3) ? std::vector<std::uint32_t>{1}
                                                : std::vector<std::uint32_t>{2, 3, 1, 7, 5};
      check_against_oracle(keys, shape, lateness, random.chance(0.5), random, options);
    }
  }
}

TEST_CASE("a snapshot copied out while rows go on is the state at its barrier",
          "[unit][operators][window]") {
  Random random{test_seed() + 2};
  for (int round = 0; round < 40; ++round) {
    const auto shape = kShapes[random.below(std::size(kShapes))];
    const auto keys = static_cast<Keys>(random.below(4));
    const bool floats = random.chance(0.5);
    WindowOracle oracle{keys, shape.size, shape.slide, 0};
    const auto spec = oracle.spec(floats);
    const auto make = [&] { return make_window(spec); };
    const auto steps = random_stream(random, shape.size, shape.slide);
    KeyedRig rig{make, {-1, false, {2}}};
    KeyedRig whole{make, {}};
    run(whole, steps);

    const auto barrier = random.below(steps.size());
    std::vector<std::string> before;
    bool copied = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (i == barrier) {
        before = row_texts(rig.output());
        rig.begin_snapshot();
      }
      if (steps[i].is_watermark) {
        rig.watermark({steps[i].watermark});
      } else {
        rig.push(to_batch(steps[i].rows));
      }
      if (i >= barrier && !copied && random.chance(0.7)) copied = rig.copy_slice(random.below(500));
    }
    rig.end();
    while (!copied) copied = rig.copy_slice(100);

    KeyedRig successor{make, {-1, false, {3}}};
    successor.start_from(rig, 1 + static_cast<std::uint32_t>(random.below(4)));
    run(successor, steps, barrier);
    auto all = row_texts(successor.output());
    all.insert(all.end(), before.begin(), before.end());
    REQUIRE(sorted(all) == sorted(row_texts(whole.output())));
    CHECK(sorted(row_texts(rig.output())) == sorted(row_texts(whole.output())));
  }
}

TEST_CASE("two phases give the results of one", "[unit][operators][window]") {
  Random random{test_seed() + 3};
  for (int round = 0; round < 15; ++round) {
    const auto shape = kShapes[random.below(std::size(kShapes))];
    const auto keys = static_cast<Keys>(random.below(4));
    const auto lateness = random.chance(0.5) ? 0 : random.between(0, 2 * shape.size);
    WindowOracle oracle{keys, shape.size, shape.slide, lateness};
    const bool floats = random.chance(0.5);
    if (!floats) oracle.only_exact();
    const auto spec = oracle.spec(floats);
    const auto steps = random_stream(random, shape.size, shape.slide);
    RigOptions torture;
    if (random.chance(0.5)) {
      torture.room = 1;
      torture.restore_every_call = true;
      torture.parallelisms = {1, 3, 2};
    }
    KeyedRig local{[&] { return make_window(spec, Phase::local); }, torture};
    KeyedRig global{[&] { return make_window(spec, Phase::global); }, torture};
    std::size_t passed = 0;
    const auto pass_on = [&] {
      const auto partials = local.output();
      for (; passed < partials.size(); ++passed) global.push(partials[passed]);
    };
    for (const auto& step : steps) {
      if (step.is_watermark) {
        oracle.watermark(step.watermark);
        local.watermark({step.watermark});
        pass_on();
        global.watermark({step.watermark});
      } else {
        oracle.push(step.rows);
        local.push(disguised(step.rows));
        // Rows held back must not become late, so what is late is decided at the same moment.
        if (!oracle.late().empty() || random.chance(0.2)) local.flush();
        pass_on();
      }
    }
    oracle.watermark(EventTime::max().micros);
    local.end();
    pass_on();
    global.end();
    REQUIRE(sorted(row_texts(global.output())) == sorted(oracle.results()));
    CHECK(global.late_rows() == oracle.late().size());
  }
}

}  // namespace
}  // namespace flow
