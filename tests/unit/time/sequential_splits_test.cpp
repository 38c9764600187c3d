#include "flow/time/sequential_splits.hpp"

#include "flow/base/check.hpp"
#include "flow/base/random.hpp"
#include "flow/time/watermark_combiner.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

/// A file in splits, read by subtasks that ask an enumerator; each subtask's rows and watermarks
/// reach one reader in the order they were sent. Crashes restart all from a consistent snapshot.
struct World {
  World(std::uint64_t seed, std::uint32_t subtasks)
      : random{seed}, delay{random.between(0, 15)}, readers(subtasks) {
    const auto splits = 1 + random.below(12);
    auto highest = EventTime::min();
    for (std::uint64_t i = 0; i < splits; ++i) {
      auto& rows = file.emplace_back();
      for (auto left = random.below(10); left > 0; --left) {
        const auto time = at(static_cast<std::int64_t>(file.size()) * 10 + random.between(-30, 30));
        rows.push_back({time, time < highest - delay});
        highest = std::max(highest, time);
      }
    }
    start();
  }

  struct Row {
    EventTime time;
    bool late_in_sequence;
  };
  struct Reader {
    std::unique_ptr<SequentialWatermark> watermark;
    std::optional<std::uint32_t> split;
    bool finished = false;
  };
  struct Snapshot {
    std::string prefix;
    std::uint32_t next_split = 0;
    std::map<std::uint32_t, std::pair<std::size_t, EventTime>> open;  // position, seen
    EventTime watermark;
  };

  void start() {
    combiner = std::make_unique<WatermarkCombiner>(static_cast<std::uint32_t>(readers.size()));
    for (auto& reader : readers)
      reader = {std::make_unique<SequentialWatermark>(delay), std::nullopt, false};
  }

  void assign(Reader& reader) {
    if (!returned.empty()) {
      const auto [split, seen] = *returned.begin();
      returned.erase(returned.begin());
      reader.split = split;
      reader.watermark->on_assigned(split, seen);
    } else if (next_split < file.size()) {
      reader.split = next_split++;
      reader.watermark->on_assigned(*reader.split);
    } else {
      reader.finished = true;
    }
  }

  void step(std::uint32_t index) {
    auto& reader = readers[index];
    if (reader.finished) return;
    if (!reader.split) {
      assign(reader);
      if (reader.finished) combiner->on_finished(index);
      return;
    }
    const auto split = *reader.split;
    auto& position = positions[split];
    if (position < file[split].size()) {
      const auto row = file[split][position++];
      // The row arrives before the watermark it leads to.
      if (row.time < combiner->watermark()) {
        REQUIRE(row.late_in_sequence);
        ++late;
      }
      reader.watermark->on_rows(split, row.time);
    } else {
      const auto done = reader.watermark->on_finished(split);
      reader.split.reset();
      if (const auto prefix = completed.on_done(done))
        for (auto& other : readers) other.watermark->on_prefix(*prefix);
    }
    combiner->on_watermark(index, reader.watermark->watermark());
  }

  [[nodiscard]] std::size_t position_of(std::uint32_t split) const {
    const auto found = positions.find(split);
    return found == positions.end() ? 0 : found->second;
  }
  [[nodiscard]] Snapshot snapshot() const {
    Snapshot taken{completed.encode(), next_split, {}, combiner->watermark()};
    for (const auto& reader : readers)
      if (reader.split)
        taken.open[*reader.split] = {position_of(*reader.split),
                                     reader.watermark->seen(*reader.split)};
    for (const auto& [split, seen] : returned) taken.open[split] = {position_of(split), seen};
    return taken;
  }
  void restore(const Snapshot& taken, std::size_t subtasks) {
    readers = std::vector<Reader>(subtasks);
    start();
    auto prefix = CompletedPrefix::decode(taken.prefix);
    REQUIRE(prefix);
    completed = *std::move(prefix);
    next_split = taken.next_split;
    positions.clear();
    returned.clear();
    for (const auto& [split, state] : taken.open) {
      positions[split] = state.first;
      returned[split] = state.second;
    }
    combiner->raise_floor(taken.watermark);
    for (auto& reader : readers) reader.watermark->on_prefix(completed.prefix());
  }
  [[nodiscard]] bool done() const {
    return std::all_of(readers.begin(), readers.end(), [](const auto& r) { return r.finished; });
  }

  Random random;
  Micros delay;
  std::vector<std::vector<Row>> file;
  std::vector<Reader> readers;
  std::unique_ptr<WatermarkCombiner> combiner;
  CompletedPrefix completed;
  std::map<std::uint32_t, std::size_t> positions;
  std::map<std::uint32_t, EventTime> returned;
  std::uint32_t next_split = 0;
  std::uint64_t late = 0;
};

}  // namespace

TEST_CASE("no row is late in parallel that is not late in sequence, in random runs with restarts",
          "[unit][watermark]") {
  Random seeds{test_seed()};
  std::uint64_t late = 0;
  for (auto run = 0; run < 1'000; ++run) {
    const auto seed = seeds.next();
    CAPTURE(seed);
    World world{seed, 1 + static_cast<std::uint32_t>(run % 4)};
    auto taken = world.snapshot();
    auto restarts = 0;
    while (!world.done()) {
      world.step(static_cast<std::uint32_t>(world.random.below(world.readers.size())));
      if (world.random.chance(0.05)) taken = world.snapshot();
      if (restarts < 3 && world.random.chance(0.02)) {
        ++restarts;
        world.restore(taken, 1 + world.random.below(4));
        taken = world.snapshot();
      }
    }
    late += world.late;
    CHECK(world.completed.prefix().splits == world.file.size());
  }
  CHECK(late > 0);  // the watermark does move on its way
}

TEST_CASE("one reader has the watermark of the sequence", "[unit][watermark]") {
  SequentialWatermark watermark{Micros{2}};
  CHECK(watermark.watermark() == EventTime::min());
  watermark.on_assigned(0);
  watermark.on_rows(0, at(10));
  CHECK(watermark.watermark() == at(8));
  CHECK(watermark.on_finished(0) == SplitDone{0, at(10)});
  watermark.on_assigned(1);
  watermark.on_rows(1, at(5));
  CHECK(watermark.watermark() == at(8));
  watermark.on_rows(1, at(20));
  CHECK(watermark.watermark() == at(18));
  CHECK(watermark.seen(1) == at(20));
}

TEST_CASE("splits read at once count from the lowest open one on", "[unit][watermark]") {
  SequentialWatermark watermark{Micros{0}};
  watermark.on_assigned(4, at(50));
  watermark.on_assigned(3, at(10));
  CHECK(watermark.watermark() == EventTime::min());
  watermark.on_rows(4, at(60));
  CHECK(watermark.watermark() == at(10));
  watermark.on_finished(4);
  CHECK(watermark.watermark() == at(10));
  watermark.on_finished(3);
  CHECK(watermark.watermark() == at(60));
  CHECK_THROWS_AS(watermark.on_assigned(2), InvariantViolation);
}

TEST_CASE("the prefix grows over gaps that close, once per split", "[unit][watermark]") {
  CompletedPrefix completed;
  CHECK_FALSE(completed.on_done({2, at(30)}));
  CHECK_FALSE(completed.on_done({1, at(99)}));
  CHECK(completed.is_done(2));
  CHECK_FALSE(completed.is_done(0));
  CHECK(completed.on_done({0, EventTime::min()}) == PrefixDone{3, at(99)});
  CHECK_FALSE(completed.on_done({1, at(200)}));
  CHECK(completed.prefix() == PrefixDone{3, at(99)});
}

TEST_CASE("damaged bytes of a prefix are refused", "[unit][watermark]") {
  CompletedPrefix completed;
  completed.on_done({5, at(1)});
  completed.on_done({3, at(2)});
  const auto bytes = completed.encode();
  const auto again = CompletedPrefix::decode(bytes);
  REQUIRE(again);
  CHECK(*again == completed);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(CompletedPrefix::decode(std::string_view{bytes}.substr(0, cut)));
}

}  // namespace flow::testing
