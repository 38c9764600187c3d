#include "top/top.hpp"

#include "keyed_rig.hpp"
#include "window_oracle.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace flow {
namespace {

using namespace testing;

StreamShape ranked_input() {
  auto shape = WindowOracle::input_shape();
  shape.time_offset = Micros{-1};
  return shape;
}

TopSpec spec_of(std::uint64_t n, bool per_name) {
  TopSpec spec;
  spec.n = n;
  spec.by = {{"v", true}, {"f", false}};
  spec.per = {"at"};
  if (per_name) spec.per.push_back("name");
  return spec;
}

std::unique_ptr<Operator> make(const TopSpec& spec) {
  auto made = make_top(spec, ranked_input());
  if (!made) FAIL(made.error().to_line());
  return *std::move(made);
}

/// Nulls last.
template <class T>
int compare(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return static_cast<int>(!a) - static_cast<int>(!b);
  return *a < *b ? -1 : *b < *a ? 1 : 0;
}

/// v desc (nulls first), f asc (nulls last), then k, name, at, s ascending.
bool better(const InputRow& a, const InputRow& b) {
  if (const auto order = -compare(a.v, b.v); order != 0) return order < 0;
  if (const auto order = compare(a.f, b.f); order != 0) return order < 0;
  if (const auto order = compare(a.k, b.k); order != 0) return order < 0;
  if (const auto order = compare(a.name, b.name); order != 0) return order < 0;
  if (a.at != b.at) return a.at < b.at;
  return compare(a.s, b.s) < 0;
}

struct Event {
  std::vector<InputRow> rows;
  std::int64_t watermark = 0;
  bool is_watermark = false;
};

std::vector<Event> random_events(Random& random) {
  std::vector<Event> events;
  std::int64_t now = -20;
  auto told = std::numeric_limits<std::int64_t>::min();
  for (int i = 0; i < 25; ++i) {
    if (random.chance(0.7)) {
      auto rows = random_rows(random, 1 + random.below(80), now, 5, 20);
      // Few values, so that ties go far.
      for (auto& row : rows) {
        if (row.v) *row.v %= 3;
        if (row.f) *row.f = row.f.value() > 0 ? 0.5 : 0.25;
      }
      events.push_back({std::move(rows), 0, false});
    } else if (now - 3 > told) {
      told = now - 3;
      events.push_back({{}, told, true});
    }
    now += random.between(0, 4);
  }
  return events;
}

/// Per (time, name), the rows of groups in the order of their times; late rows are counted.
std::vector<std::string> expected(const std::vector<Event>& events, const TopSpec& spec,
                                  bool per_name, std::uint64_t& late) {
  std::map<std::tuple<std::int64_t, std::optional<std::string>>, std::vector<InputRow>> groups;
  std::vector<std::string> lines;
  auto told = std::numeric_limits<std::int64_t>::min();
  const auto finish = [&](std::int64_t watermark) {
    told = watermark;
    while (!groups.empty() && std::get<0>(groups.begin()->first) <= watermark) {
      auto rows = std::move(groups.begin()->second);
      groups.erase(groups.begin());
      std::sort(rows.begin(), rows.end(), better);
      if (rows.size() > spec.n) rows.resize(spec.n);
      for (auto& line : row_texts(to_batch(rows))) lines.push_back(std::move(line));
    }
  };
  for (const auto& event : events) {
    if (event.is_watermark) {
      finish(event.watermark);
      continue;
    }
    for (const auto& row : event.rows) {
      if (row.at <= told) {
        ++late;
      } else {
        groups[{row.at, per_name ? row.name : std::nullopt}].push_back(row);
      }
    }
  }
  finish(std::numeric_limits<std::int64_t>::max());
  return lines;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

void run(KeyedRig& rig, const std::vector<Event>& events) {
  for (const auto& event : events) {
    if (event.is_watermark) {
      rig.watermark({event.watermark});
    } else {
      rig.push(to_batch(event.rows));
    }
  }
  rig.end();
}

TEST_CASE("top keeps the best rows of each group, in rank order", "[unit][operators][top]") {
  Random random{test_seed()};
  for (int round = 0; round < 40; ++round) {
    const bool per_name = random.chance(0.5);
    const auto spec = spec_of(1 + random.below(6), per_name);
    const auto events = random_events(random);
    std::uint64_t late = 0;
    const auto want = expected(events, spec, per_name, late);
    KeyedRig rig{[&] { return make(spec); }, {}};
    run(rig, events);
    const auto got = row_texts(rig.output());
    CHECK(rig.late_rows() == late);
    if (per_name) {
      REQUIRE(sorted(got) == sorted(want));
    } else {
      // One group per time: the order is determined.
      REQUIRE(got == want);
    }
  }
}

TEST_CASE("top survives a snapshot and a rescale at every call and every more",
          "[unit][operators][top]") {
  Random random{test_seed() + 1};
  for (int round = 0; round < 15; ++round) {
    const auto spec = spec_of(1 + random.below(6), true);
    const auto events = random_events(random);
    std::uint64_t late = 0;
    const auto want = expected(events, spec, true, late);
    KeyedRig rig{[&] { return make(spec); }, {1, true, {2, 3, 1, 5}}};
    run(rig, events);
    REQUIRE(sorted(row_texts(rig.output())) == sorted(want));
    CHECK(rig.late_rows() == late);
  }
}

TEST_CASE("a snapshot of top copied out while rows go on is the state at its barrier",
          "[unit][operators][top]") {
  Random random{test_seed() + 2};
  for (int round = 0; round < 30; ++round) {
    const auto spec = spec_of(1 + random.below(6), true);
    const auto events = random_events(random);
    std::uint64_t late = 0;
    const auto want = expected(events, spec, true, late);
    const auto barrier = random.below(events.size());
    const std::vector<Event> rest{events.begin() + static_cast<std::ptrdiff_t>(barrier),
                                  events.end()};
    KeyedRig rig{[&] { return make(spec); }, {-1, false, {2}}};
    std::vector<std::string> before;
    bool copied = false;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (i == barrier) {
        before = row_texts(rig.output());
        rig.begin_snapshot();
      }
      if (events[i].is_watermark) {
        rig.watermark({events[i].watermark});
      } else {
        rig.push(to_batch(events[i].rows));
      }
      if (i >= barrier && !copied && random.chance(0.6)) copied = rig.copy_slice(random.below(300));
    }
    while (!copied) copied = rig.copy_slice(100);
    KeyedRig successor{[&] { return make(spec); }, {}};
    successor.start_from(rig, 3);
    run(successor, rest);
    auto all = row_texts(successor.output());
    all.insert(all.end(), before.begin(), before.end());
    REQUIRE(sorted(all) == sorted(want));
  }
}

TEST_CASE("top says what is wrong with it, all at once", "[unit][operators][top]") {
  TopSpec spec;
  spec.n = 0;
  spec.by = {{"vv", false}};
  spec.per = {"nam"};
  const auto result = top_shape(spec, ranked_input(), {});
  std::vector<Errc> codes;
  for (const auto& error : result.errors) codes.push_back(error.code());
  CHECK(codes == std::vector<Errc>{Errc::bad_top, Errc::unknown_column, Errc::unknown_column,
                                   Errc::top_without_time});
  auto changes = ranked_input();
  changes.changelog = true;
  REQUIRE(top_shape(spec_of(1, false), changes, {}).errors.size() == 1);
  CHECK(top_shape(spec_of(1, false), ranked_input(), {}).errors.empty());
}

TEST_CASE("top refuses state of another definition", "[unit][operators][top]") {
  const auto one = spec_of(1, false);
  const auto two = spec_of(2, false);
  const TopSpec* spec = &one;
  KeyedRig rig{[&] { return make(*spec); }, {}};
  rig.push(to_batch({InputRow{}}));
  rig.begin_snapshot();
  while (!rig.copy_slice(100)) {
  }
  MemorySnapshotSource source{*rig.parts()[0]};
  spec = &two;
  KeyedRig other{[&] { return make(*spec); }, {}};
  const auto status = other.op(0).restore(source);
  REQUIRE(!status);
  CHECK(status.error().code() == Errc::state_changed);
}

}  // namespace
}  // namespace flow
