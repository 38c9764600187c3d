#include "chain_fixture.hpp"

#include "flow/base/random.hpp"
#include "support/golden.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <map>

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

/// A random chain: what each operator is and where its port goes.
struct Plan {
  struct Node {
    int kind = 0;  // 0 pass, 1-3 repeat, 4 hold, 5 gather
    std::uint32_t inputs = 1;
    std::vector<ChainTarget> targets;
  };
  std::vector<Node> nodes;
  std::vector<ChainEntry> entries;
  std::uint32_t edges = 0;

  /// Some chains multiply rows by thousands, which proves nothing more.
  static Plan make(Random& random) {
    for (;;) {
      Plan plan{random};
      std::uint64_t most = 0;
      for (const auto& counts : plan.copies())
        for (const auto count : counts) most = std::max(most, count);
      if (most <= 20) return plan;
    }
  }

  explicit Plan(Random& random) {
    nodes.resize(1 + random.below(6));
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      nodes[i].kind = static_cast<int>(random.below(6));
      nodes[i].inputs = 1 + static_cast<std::uint32_t>(random.below(3));
      for (std::uint32_t input = 0; input < nodes[i].inputs; ++input) {
        if (i == 0 || random.chance(0.25)) {
          entries.push_back({i, input});
        } else {
          nodes[random.below(i)].targets.push_back(inside(i, input));
        }
      }
    }
    for (auto& node : nodes)
      if (node.targets.empty() || random.chance(0.3)) node.targets.push_back(outside(edges++));
  }

  [[nodiscard]] std::vector<ChainLink> links() const {
    std::vector<ChainLink> all;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto name = "n" + std::to_string(i);
      const auto& node = nodes[i];
      std::vector<std::vector<ChainTarget>> ports{node.targets};
      if (node.kind == 0) {
        all.push_back(link<PassOperator>(name, std::move(ports)));
      } else if (node.kind <= 3) {
        all.push_back(link<RepeatOperator>(name, std::move(ports), node.kind));
      } else if (node.kind == 4) {
        all.push_back(link<HoldOperator>(name, std::move(ports)));
      } else {
        all.push_back(link<GatherOperator>(name, std::move(ports)));
      }
      all.back().inputs = node.inputs;
    }
    return all;
  }

  /// How often a row that enters at each operator leaves on each edge.
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> copies() const {
    std::vector<std::vector<std::uint64_t>> leaving(nodes.size(),
                                                    std::vector<std::uint64_t>(edges));
    for (auto i = nodes.size(); i-- > 0;) {
      for (const auto& target : nodes[i].targets) {
        if (!target.inside) ++leaving[i][target.index];
        for (std::uint32_t edge = 0; target.inside && edge < edges; ++edge)
          leaving[i][edge] += leaving[target.index][edge];
      }
      const auto times = nodes[i].kind >= 1 && nodes[i].kind <= 3 ? nodes[i].kind : 1;
      for (auto& count : leaving[i]) count *= static_cast<std::uint64_t>(times);
    }
    return leaving;
  }
};

struct ScriptElement {
  OutputEvent::Kind kind = OutputEvent::Kind::batch;
  std::vector<IdRow> rows;
  EventTime watermark;
};

/// What one entry is fed: rows that are not late, watermarks, pauses, the end.
std::vector<ScriptElement> random_script(Random& random, std::int64_t& next_id) {
  std::vector<ScriptElement> script;
  std::int64_t watermark = 0;
  for (auto left = random.below(12); left > 0; --left) {
    ScriptElement element;
    if (random.chance(0.6)) {
      for (auto rows = 1 + random.below(4); rows > 0; --rows)
        element.rows.push_back({next_id++, at(watermark + random.between(0, 20))});
    } else if (random.chance(0.7)) {
      element.kind = OutputEvent::Kind::watermark;
      watermark += random.between(0, 10);
      element.watermark = at(watermark);
    } else {
      element.kind = OutputEvent::Kind::idle;
    }
    script.push_back(std::move(element));
  }
  script.push_back({OutputEvent::Kind::end, {}, {}});
  return script;
}

void push(Chain& chain, std::uint32_t entry, const ScriptElement& element, ChainWorld& world) {
  switch (element.kind) {
    case OutputEvent::Kind::batch:
      return chain.push_batch(entry, world.rows(element.rows));
    case OutputEvent::Kind::watermark:
      return chain.push_watermark(entry, element.watermark);
    case OutputEvent::Kind::idle:
      return chain.push_idle(entry);
    case OutputEvent::Kind::end:
      return chain.push_end(entry);
  }
}

using Counts = std::map<std::int64_t, std::uint64_t>;

Counts count_ids(const RecordedOutput& output, std::uint32_t edge) {
  Counts counts;
  for (const auto& batch : output.batches(edge))
    for (const auto& row : id_rows(batch)) ++counts[row.id];
  return counts;
}

/// Watermarks never regress, and one end after the highest watermark closes the edge. An idle input
/// that returns may bring late rows, so lateness is judged only without idle ones.
void check_order(const RecordedOutput& output, std::uint32_t edge, bool no_late_rows) {
  auto watermark = EventTime::min();
  auto ended = false;
  for (const auto& event : output.events(edge)) {
    switch (event.kind) {
      case OutputEvent::Kind::watermark:
        CHECK(event.watermark >= watermark);
        watermark = event.watermark;
        break;
      case OutputEvent::Kind::batch:
        CHECK_FALSE(ended);
        if (no_late_rows)
          for (const auto& row : id_rows(event.batch)) CHECK(row.at >= watermark);
        break;
      case OutputEvent::Kind::end:
        CHECK(watermark == EventTime::max());
        ended = true;
        break;
      case OutputEvent::Kind::idle:
        CHECK_FALSE(ended);
        break;
    }
  }
  CHECK(ended);
}

/// Runs random pushes, steps, room, flushes, and snapshots with a fresh chain restored from them.
struct RandomRun {
  RandomRun(std::uint64_t seed, bool idle)
      : random{seed}, plan{Plan::make(random)}, output{plan.edges}, chain{open()} {
    std::int64_t next_id = 0;
    for (std::size_t entry = 0; entry < plan.entries.size(); ++entry) {
      scripts.push_back(random_script(random, next_id));
      if (!idle)
        std::erase_if(scripts.back(),
                      [](const auto& e) { return e.kind == OutputEvent::Kind::idle; });
    }
    positions.resize(scripts.size());
  }
  std::unique_ptr<Chain> open() { return world.open(plan.links(), plan.entries, output); }

  void feed() {
    const auto entry = static_cast<std::uint32_t>(random.below(scripts.size()));
    auto& position = positions[entry];
    if (position == scripts[entry].size() || !chain->accepts(entry)) return;
    push(*chain, entry, scripts[entry][position++], world);
  }
  void step() {
    // A budget of nothing is one call of one operator.
    const auto state = chain->step(std::chrono::nanoseconds{0});
    REQUIRE(state);
    ended = *state == Chain::State::ended;
    blocked = *state == Chain::State::blocked;
  }
  void run(bool restarts) {
    for (auto steps = 0; !ended; ++steps) {
      REQUIRE(steps < 100'000);
      feed();
      for (std::uint32_t edge = 0; edge < plan.edges; ++edge)
        output.set_room(edge, random.chance(0.5) ? 1 : 0);
      step();
      if (random.chance(0.02)) chain->request_flush();
      if (restarts) {
        const std::vector<ChainSnapshot> snapshot{ChainSnapshot::take(*chain, plan.nodes.size())};
        chain = open();
        REQUIRE(ChainSnapshot::restore(*chain, snapshot));
        ++restored;
      }
    }
    for (std::size_t entry = 0; entry < scripts.size(); ++entry)
      CHECK(positions[entry] == scripts[entry].size());
  }
  void check(bool no_late_rows) {
    const auto copies = plan.copies();
    for (std::uint32_t edge = 0; edge < plan.edges; ++edge) {
      Counts expected;
      for (std::size_t entry = 0; entry < scripts.size(); ++entry)
        for (const auto& element : scripts[entry])
          for (const auto& row : element.rows)
            if (const auto count = copies[plan.entries[entry].op][edge]) expected[row.id] = count;
      REQUIRE(count_ids(output, edge) == expected);
      check_order(output, edge, no_late_rows);
    }
  }

  ChainWorld world;
  Random random;
  Plan plan;
  RecordedOutput output;
  std::unique_ptr<Chain> chain;
  std::vector<std::vector<ScriptElement>> scripts;
  std::vector<std::size_t> positions;
  std::uint64_t restored = 0;
  bool ended = false;
  bool blocked = false;
};

}  // namespace

TEST_CASE("a random chain gives every row as often as its paths say, none after its watermark",
          "[unit][chain]") {
  Random seeds{test_seed()};
  for (auto round = 0; round < 300; ++round) {
    const auto seed = seeds.next();
    const auto idle = round % 2 == 0;
    CAPTURE(seed, idle);
    RandomRun run{seed, idle};
    run.run(false);
    run.check(!idle);
  }
}

TEST_CASE("a snapshot and a fresh chain after every single call change nothing",
          "[unit][chain][snapshot]") {
  Random seeds{test_seed() + 1};
  for (auto round = 0; round < 150; ++round) {
    const auto seed = seeds.next();
    const auto idle = round % 2 == 0;
    CAPTURE(seed, idle);
    RandomRun run{seed, idle};
    run.run(true);
    run.check(!idle);
    CHECK(run.restored > 0);
  }
}

TEST_CASE("what was pending is finished before new input", "[unit][chain][snapshot]") {
  ChainWorld world;
  RecordedOutput output{1};
  const auto open = [&] {
    std::vector<ChainLink> links;
    links.push_back(link<RepeatOperator>("a", {{outside(0)}}, 3));
    return world.open(std::move(links), {{0, 0}}, output);
  };
  auto chain = open();
  output.set_room(0, 1);
  chain->push_batch(0, world.rows({{1, at(1)}, {2, at(1)}}));
  CHECK(run(*chain) == Chain::State::blocked);
  const auto snapshot = ChainSnapshot::take(*chain, 1);
  output.clear();
  chain = open();
  REQUIRE(ChainSnapshot::restore(*chain, {snapshot}));
  CHECK_FALSE(chain->accepts(0));
  CHECK(run(*chain) == Chain::State::blocked);
  output.set_room(0, std::nullopt);
  CHECK(run(*chain) == Chain::State::idle);
  CHECK(chain->accepts(0));
  CHECK(output.text(0) == "1 1 2 2 2");
}

TEST_CASE("a restored chain says again what its new channels have not heard",
          "[unit][chain][snapshot]") {
  ChainWorld world;
  RecordedOutput output{1};
  const auto open = [&] {
    std::vector<ChainLink> links;
    links.push_back(link<PassOperator>("a", {{inside(1)}}));
    links.push_back(link<PassOperator>("b", {{outside(0)}}));
    return world.open(std::move(links), {{0, 0}}, output);
  };
  auto chain = open();
  const auto restart = [&] {
    const auto snapshot = ChainSnapshot::take(*chain, 2);
    output.clear();
    chain = open();
    REQUIRE(ChainSnapshot::restore(*chain, {snapshot}));
    return run(*chain);
  };
  CHECK(restart() == Chain::State::idle);
  CHECK(output.text(0).empty());
  chain->push_watermark(0, at(7));
  run(*chain);
  CHECK(restart() == Chain::State::idle);
  CHECK(output.text(0) == "w7");
  chain->push_idle(0);
  run(*chain);
  CHECK(restart() == Chain::State::idle);
  // Idle no more: rows may have gathered before the new channels.
  CHECK_THAT(output.text(0), StartsWith("w7"));
  CHECK_THAT(output.text(0), EndsWith("w7"));
  chain->push_idle(0);
  run(*chain);
  CHECK_THAT(output.text(0), EndsWith("w7 idle"));
  chain->push_end(0);
  run(*chain);
  CHECK(restart() == Chain::State::ended);
  CHECK(output.text(0) == "wmax end");
}

TEST_CASE("an input that was idle holds the watermark back after a restore",
          "[unit][chain][snapshot]") {
  ChainWorld world;
  RecordedOutput output{1};
  const auto open = [&] {
    std::vector<ChainLink> links;
    links.push_back(link<PassOperator>("a", {{inside(2, 0)}}));
    links.push_back(link<PassOperator>("b", {{inside(2, 1)}}));
    links.push_back(link<PassOperator>("both", {{outside(0)}}));
    links[2].inputs = 2;
    return world.open(std::move(links), {{0, 0}, {1, 0}}, output);
  };
  auto chain = open();
  chain->push_watermark(0, at(5));
  chain->push_watermark(1, at(5));
  run(*chain);
  chain->push_idle(1);
  run(*chain);
  chain->push_watermark(0, at(8));
  run(*chain);
  CHECK(output.text(0) == "w5 w8");
  const auto snapshot = ChainSnapshot::take(*chain, 3);
  chain = open();
  REQUIRE(ChainSnapshot::restore(*chain, {snapshot}));
  run(*chain);
  output.clear();
  chain->push_watermark(0, at(100));
  run(*chain);
  CHECK(output.text(0).empty());
  chain->push_batch(1, world.rows({{1, at(9)}}));
  run(*chain);
  chain->push_watermark(1, at(9));
  run(*chain);
  CHECK(output.text(0) == "1 w9");
}

namespace {

/// Passes rows on; they belong to the key group that their id says.
class KeyedPass final : public OwingOperator {
 public:
  explicit KeyedPass(std::vector<std::int64_t>* seen) : seen_{seen} {}
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector&) override {
    for (const auto& row : id_rows(batch)) {
      if (!context_->owned.contains(group(row.id))) throw std::logic_error("a stranger's row");
      seen_->push_back(row.id);
    }
    return Progress::done;
  }
  Result<bool> key_groups(std::uint32_t, const Batch& batch,
                          std::vector<KeyGroup>& groups) override {
    for (const auto& row : id_rows(batch)) groups.push_back(group(row.id));
    return true;
  }
  [[nodiscard]] KeyGroup group(std::int64_t id) const {
    return {static_cast<std::uint32_t>(id) % context_->key_groups};
  }

 private:
  std::vector<std::int64_t>* seen_;
};

}  // namespace

TEST_CASE("rows that wait find the owner of their key group at any other parallelism",
          "[unit][chain][snapshot]") {
  Random random{test_seed()};
  for (std::uint32_t before = 1; before <= 4; ++before) {
    for (std::uint32_t after = 1; after <= 4; ++after) {
      CAPTURE(before, after);
      ChainWorld world;
      std::vector<std::int64_t> seen;
      RecordedOutput output{1};
      const auto open = [&](std::uint32_t subtask, std::uint32_t parallelism) {
        std::vector<ChainLink> links;
        links.push_back(link<PassOperator>("head", {{inside(1), outside(0)}}));
        links.push_back(link<KeyedPass>("keyed", {}, &seen));
        return world.open(std::move(links), {{0, 0}}, output, subtask, parallelism);
      };
      std::vector<std::int64_t> sent;
      std::vector<ChainSnapshot> snapshots;
      output.set_room(0, 0);
      for (std::uint32_t subtask = 0; subtask < before; ++subtask) {
        auto chain = open(subtask, before);
        const auto owned = key_groups_of({subtask}, before, kDefaultKeyGroups);
        std::vector<IdRow> rows;
        for (auto i = 0; i < 20; ++i)
          rows.push_back({random.between(owned.first, owned.last - 1), at(5)});
        for (const auto& row : rows) sent.push_back(row.id);
        // A selection must not confuse who owns what.
        chain->push_batch(0, world.rows(rows));
        output.set_room(0, 1);
        REQUIRE(chain->step(std::chrono::nanoseconds{0}));  // now it waits before `keyed`
        chain->push_watermark(0, at(static_cast<std::int64_t>(subtask) + 1));
        snapshots.push_back(ChainSnapshot::take(*chain, 2));
      }
      CHECK(seen.empty());

      output.set_room(0, std::nullopt);
      for (std::uint32_t subtask = 0; subtask < after; ++subtask) {
        auto chain = open(subtask, after);
        REQUIRE(ChainSnapshot::restore(*chain, snapshots));
        CHECK(run(*chain) == Chain::State::idle);
        chain->push_end(0);
        CHECK(run(*chain) == Chain::State::ended);
      }
      std::sort(sent.begin(), sent.end());
      std::sort(seen.begin(), seen.end());
      CHECK(seen == sent);
    }
  }
}

TEST_CASE("damaged bytes of a chain are refused with the operator's name",
          "[unit][chain][snapshot]") {
  ChainWorld world;
  RecordedOutput output{1};
  const auto open = [&] {
    std::vector<ChainLink> links;
    links.push_back(link<RepeatOperator>("a", {{outside(0)}}, 2));
    return world.open(std::move(links), {{0, 0}}, output);
  };
  auto chain = open();
  chain->push_batch(0, world.rows({{1, at(1)}}));
  auto snapshot = ChainSnapshot::take(*chain, 1);
  auto& bytes = snapshot.parts[0].blobs.find("chain")->second[0];
  bytes.resize(bytes.size() - 1);
  chain = open();
  const auto status = ChainSnapshot::restore(*chain, {snapshot});
  REQUIRE_FALSE(status);
  CHECK(status.error().code() == Errc::corrupt_snapshot_part);
  CHECK(status.error().context() == std::vector<std::string>{"operator 'a'"});
}

namespace {

/// Copies as many entries as it was made with, one per call.
class CopyingOperator final : public OwingOperator {
 public:
  CopyingOperator(std::uint32_t entries, std::string* log, char name)
      : entries_{entries}, log_{log}, name_{name} {}
  Result<Progress> on_batch(std::uint32_t, Batch, Collector&) override { return Progress::done; }
  void begin_copy_out(Epoch) override { left_ = entries_; }
  Result<Progress> copy_out(SnapshotSink& sink, ByteCount) override {
    *log_ += name_;
    if (left_ == 0) return Progress::done;
    --left_;
    FLOW_TRY(sink.put_entry("s", {left_}, "k", "v"));
    return left_ == 0 ? Progress::done : Progress::more;
  }

 private:
  std::uint32_t entries_;
  std::uint32_t left_ = 0;
  std::string* log_;
  char name_;
};

}  // namespace

TEST_CASE("copying out takes turns over the operators and rows go on meanwhile",
          "[unit][chain][snapshot]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::string log;
  std::vector<ChainLink> links;
  links.push_back(link<CopyingOperator>("a", {{inside(1)}}, 3u, &log, 'a'));
  links.push_back(link<CopyingOperator>("b", {{inside(2)}}, 1u, &log, 'b'));
  links.push_back(link<CopyingOperator>("c", {{outside(0)}}, 2u, &log, 'c'));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  ChainSnapshot snapshot;
  snapshot.parts.resize(3);
  REQUIRE(chain->begin_snapshot({1}, snapshot.sinks()));
  auto calls = 0;
  for (auto progress = Progress::more; progress == Progress::more; ++calls) {
    REQUIRE(chain->accepts(0));
    chain->push_batch(0, world.rows({{1, at(1)}}));
    run(*chain);
    const auto result = chain->copy_out(snapshot.sinks(), 1_KiB);
    REQUIRE(result);
    progress = *result;
  }
  CHECK(log == "abcaca");
  CHECK(calls == 3);
  CHECK(snapshot.parts[0].entries["s"].size() == 3);
}

TEST_CASE("what is pending in a chain is stored the same", "[unit][chain][golden]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<RepeatOperator>("a", {{inside(1)}}, 3));
  links.push_back(link<RepeatOperator>("b", {{outside(0)}}, 3));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_watermark(0, at(1));
  run(*chain);
  output.set_room(0, 1);
  chain->push_batch(0, world.rows({{1, at(1)}, {2, at(1)}}));
  REQUIRE(run(*chain) == Chain::State::blocked);
  std::string text;
  for (const auto& part : ChainSnapshot::take(*chain, 2).parts) text += to_text(part);
  expect_golden("operators/chain.txt", text);
}

}  // namespace flow::testing
