#include "flow/connector/source_driver.hpp"

#include "flow/base/random.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/manual_clock.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace flow::testing {
namespace {

constexpr auto kSchema = "id:int64 at:timestamp";
using Kind = SourceEvent::Kind;

/// Reads what a test put into its splits, a batch at a time, of the split that was assigned first.
class FakeReader final : public SourceReader {
 public:
  explicit FakeReader(std::map<std::uint32_t, std::vector<std::vector<Row>>> splits)
      : splits_{std::move(splits)} {}

  Status assign(Split split, std::string position) override {
    if (split.id == "refused") return Error{Errc::not_found, "no such split"};
    positions_[split.index] = position.empty() ? 0 : std::stoul(position);
    open_.push_back(split.index);
    return {};
  }
  Result<Polled> poll() override {
    Polled polled;
    if (frozen) {
      polled.not_before = std::chrono::seconds{1000};
      return polled;
    }
    if (open_.empty()) {
      polled.kind = Polled::Kind::starved;
      return polled;
    }
    const auto split = first ? *first : open_.front();
    polled.split = split;
    auto& position = positions_[split];
    if (position < splits_[split].size()) {
      polled.kind = Polled::Kind::batch;
      polled.batch = batch(kSchema, splits_[split][position++]);
    } else {
      polled.kind = Polled::Kind::split_finished;
      open_.erase(std::find(open_.begin(), open_.end(), split));
    }
    return polled;
  }
  [[nodiscard]] std::string position(std::uint32_t split) const override {
    return std::to_string(positions_.at(split));
  }

  bool frozen = false;
  std::optional<std::uint32_t> first;  // reads this one, whatever was assigned first

 private:
  std::map<std::uint32_t, std::vector<std::vector<Row>>> splits_;
  std::map<std::uint32_t, std::size_t> positions_;
  std::deque<std::uint32_t> open_;
};

struct Rig {
  explicit Rig(std::map<std::uint32_t, std::vector<std::vector<Row>>> splits,
               SourceDriverOptions options = {}) {
    options.node = "flights";
    auto made = std::make_unique<FakeReader>(std::move(splits));
    reader = made.get();
    driver = std::make_unique<SourceDriver>(std::move(made), options, clock, *pool);
  }
  SourceEvent poll() {
    auto event = driver->poll();
    REQUIRE(event);
    return *std::move(event);
  }
  void assign(std::uint32_t split, std::string position = {}, EventTime seen = EventTime::min()) {
    REQUIRE(
        driver->assign({split, "split " + std::to_string(split), ""}, std::move(position), seen));
  }

  PoolHandle pool = SlabPool::make();
  ManualClock clock;
  FakeReader* reader = nullptr;
  std::unique_ptr<SourceDriver> driver;
};

SourceDriverOptions timed(Micros delay, SplitOrder order = SplitOrder::independent) {
  SourceDriverOptions options;
  options.time_column = 1;
  options.delay = delay;
  options.order = order;
  return options;
}

}  // namespace

TEST_CASE("a source without splits asks for one, once, and ends when there is none",
          "[unit][source]") {
  Rig rig{{}};
  CHECK(rig.poll().kind == Kind::starved);
  CHECK(rig.poll().kind == Kind::pending);
  rig.driver->no_more_splits();
  CHECK(rig.poll().kind == Kind::ended);
}

TEST_CASE("rows come with exact time bounds and the watermark they lead to", "[unit][source]") {
  Rig rig{{{0, {{{1, 100}, {2, 90}}, {{3, 95}}, {{4, 120}}}}}, timed(Micros{10})};
  rig.assign(0);
  auto event = rig.poll();
  CHECK(event.kind == Kind::rows);
  CHECK(event.batch.min_time() == EventTime{90});
  CHECK(event.batch.max_time() == EventTime{100});
  CHECK(event.watermark == EventTime{90});
  event = rig.poll();
  CHECK(event.kind == Kind::rows);
  CHECK(event.watermark == EventTime::min());  // nothing new
  CHECK(rig.poll().watermark == EventTime{110});
  event = rig.poll();
  CHECK(event.kind == Kind::split_done);
  CHECK(event.done == SplitDone{0, {120}});
  CHECK(rig.poll().kind == Kind::starved);
  CHECK(rig.driver->rows() == 4);
}

TEST_CASE("time bounds are exact whichever row has them", "[unit][source]") {
  for (std::size_t count = 1; count <= 13; ++count) {
    for (std::size_t at = 0; at < count; ++at) {
      std::vector<Row> low;
      std::vector<Row> high;
      for (std::size_t i = 0; i < count; ++i) {
        low.push_back({std::int64_t{1}, i == at ? -5 : std::int64_t{100}});
        high.push_back({std::int64_t{1}, i == at ? 300 : std::int64_t{200}});
      }
      INFO(count << " rows, row " << at);
      Rig rig{{{0, {low, high}}}, timed(Micros{0})};
      rig.assign(0);
      const auto first = rig.poll().batch;
      CHECK(first.min_time() == EventTime{-5});
      CHECK(first.max_time() == EventTime{count == 1 ? -5 : 100});
      const auto second = rig.poll().batch;
      CHECK(second.min_time() == EventTime{count == 1 ? 300 : 200});
      CHECK(second.max_time() == EventTime{300});
    }
  }
}

TEST_CASE("of independent splits the slowest counts, until it is finished", "[unit][source]") {
  Rig rig{{{0, {{{1, 100}}}}, {1, {{{2, 50}}}}}, timed(Micros{0})};
  rig.assign(0);
  rig.assign(1);
  auto event = rig.poll();
  CHECK(event.kind == Kind::rows);
  CHECK(event.watermark == EventTime::min());  // split 1 is unknown
  rig.reader->first = 1;
  CHECK(rig.poll().watermark == EventTime{50});
  event = rig.poll();
  CHECK(event.kind == Kind::split_done);
  CHECK(event.watermark == EventTime{100});
}

TEST_CASE("sequential splits advance by what precedes everything unread", "[unit][source]") {
  Rig rig{{{4, {{{1, 100}}}}, {7, {{{2, 80}}, {{3, 130}}}}},
          timed(Micros{0}, SplitOrder::sequential)};
  rig.assign(4);
  CHECK(rig.poll().watermark == EventTime{100});
  CHECK(rig.poll().done == SplitDone{4, {100}});
  rig.assign(7);
  CHECK(rig.poll().watermark == EventTime::min());
  rig.driver->on_prefix({7, {110}});
  auto event = rig.poll();
  CHECK(event.kind == Kind::watermark);
  CHECK(event.watermark == EventTime{110});
  CHECK(rig.poll().watermark == EventTime{130});
}

TEST_CASE("a silent split goes idle, lets the others on, and a source of idle splits says so",
          "[unit][source]") {
  auto options = timed(Micros{0});
  options.idle = Micros{30'000};
  options.bounded = false;
  Rig rig{{{0, {{{1, 100}}, {{2, 200}}}}, {1, {}}}, options};
  rig.assign(0);
  rig.assign(1);
  rig.reader->first = 0;
  CHECK(rig.poll().watermark == EventTime::min());
  rig.reader->frozen = true;
  auto event = rig.poll();
  CHECK(event.kind == Kind::pending);
  REQUIRE(event.not_before);
  CHECK(*event.not_before == std::chrono::milliseconds{30});

  // Blocked for an hour: that is not silence.
  rig.clock.advance(std::chrono::milliseconds{10});
  rig.driver->on_blocked();
  rig.clock.advance(std::chrono::hours{1});
  CHECK(rig.poll().kind == Kind::pending);
  rig.clock.advance(std::chrono::milliseconds{19});
  rig.reader->frozen = false;
  CHECK(rig.poll().kind == Kind::rows);
  rig.reader->frozen = true;
  rig.clock.advance(std::chrono::milliseconds{1});
  event = rig.poll();
  CHECK(event.kind == Kind::watermark);  // split 1 went idle
  CHECK(event.watermark == EventTime{200});
  rig.clock.advance(std::chrono::milliseconds{29});
  CHECK(rig.poll().kind == Kind::idle);
  CHECK(rig.poll().kind == Kind::pending);
}

TEST_CASE("a bounded source never goes idle", "[unit][source]") {
  auto options = timed(Micros{0});
  options.idle = Micros{1};
  Rig rig{{{0, {}}}, options};
  rig.assign(0);
  rig.reader->frozen = true;
  for (auto i = 0; i < 3; ++i) {
    rig.clock.advance(std::chrono::hours{1});
    CHECK(rig.poll().kind == Kind::pending);
  }
}

TEST_CASE("rows without event time end the attempt, or are set aside and counted",
          "[unit][source]") {
  const std::map<std::uint32_t, std::vector<std::vector<Row>>> splits{
      {0, {{{1, nullptr}}, {{2, 5}, {3, nullptr}}}}};
  Rig strict{splits, timed(Micros{0})};
  strict.assign(0);
  const auto failed = strict.driver->poll();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == Errc::null_event_time);
  CHECK_THAT(failed.error().to_line(), ContainsSubstring("'flights'") &&
                                           ContainsSubstring("split 0") &&
                                           ContainsSubstring("'at'"));

  auto options = timed(Micros{0});
  options.on_error = OnError::dead_letter;
  Rig lenient{splits, options};
  lenient.assign(0);
  // A batch of nothing but dead letters: they are taken before there is another.
  const auto none = lenient.driver->poll();
  REQUIRE(none);
  CHECK(none->kind == Kind::pending);
  REQUIRE(none->not_before);
  auto first = lenient.driver->take_bad_rows();
  CHECK(first.size() == 1);
  const auto event = lenient.poll();
  CHECK(event.kind == Kind::rows);
  expect_rows(event.batch, {{2, 5}});
  CHECK(lenient.driver->bad_rows() == 2);
  auto bad = std::move(first);
  for (auto& row : lenient.driver->take_bad_rows()) bad.push_back(std::move(row));
  REQUIRE(bad.size() == 2);
  CHECK(bad[0].where == "split 0");
  CHECK(bad[0].code == Errc::null_event_time);
  CHECK(bad[1].bytes.substr(0, 2) == "3,");
  CHECK(lenient.driver->take_bad_rows().empty());
}

TEST_CASE("a restored source goes on behind the last rows it handed on", "[unit][source]") {
  Random random{test_seed()};
  for (auto run = 0; run < 50; ++run) {
    std::map<std::uint32_t, std::vector<std::vector<Row>>> splits;
    auto next = 0;
    for (std::uint32_t split = 0; split < 3; ++split)
      for (auto left = random.below(5); left > 0; --left)
        splits[split].push_back({{next, next * 10}, {next + 1, next * 10 + 5}}), next += 2;
    auto rig = std::make_unique<Rig>(splits, timed(Micros{0}, SplitOrder::sequential));
    std::uint32_t assigned = 0;
    std::vector<std::string> seen;
    auto watermark = EventTime::min();
    for (auto ended = false; !ended;) {
      const auto event = rig->poll();
      watermark = std::max(watermark, event.watermark);
      switch (event.kind) {
        case Kind::rows:
          for (const auto& row : row_texts(event.batch)) seen.push_back(row);
          break;
        case Kind::starved:
          assigned < 3 ? rig->assign(assigned++) : rig->driver->no_more_splits();
          break;
        case Kind::ended:
          ended = true;
          break;
        default:
          break;
      }
      if (ended || !random.chance(0.4)) continue;
      const auto bytes = rig->driver->snapshot().encode();
      const auto snapshot = SourceSnapshot::decode(bytes);
      REQUIRE(snapshot);
      CHECK(*snapshot == rig->driver->snapshot());
      rig = std::make_unique<Rig>(splits, timed(Micros{0}, SplitOrder::sequential));
      for (const auto& split : snapshot->open)
        rig->assign(split.split.index, split.position, split.seen);
    }
    std::vector<std::string> all;
    for (const auto& [split, batches] : splits)
      for (const auto& rows : batches)
        for (const auto& row : row_texts(batch(kSchema, rows))) all.push_back(row);
    CHECK(seen == all);
    if (next > 0) CHECK(watermark == EventTime{(next - 2) * 10 + 5});
  }
}

TEST_CASE("finished splits stay in the snapshot until the prefix has passed them",
          "[unit][source]") {
  Rig rig{{{2, {{{1, 7}}}}, {3, {}}}, timed(Micros{0}, SplitOrder::sequential)};
  rig.assign(2);
  rig.assign(3);
  while (rig.poll().kind != Kind::starved) {
  }
  CHECK(rig.driver->snapshot().open.empty());
  CHECK(rig.driver->snapshot().done ==
        std::vector{SplitDone{2, {7}}, SplitDone{3, EventTime::min()}});
  rig.driver->on_prefix({3, {7}});
  CHECK(rig.driver->snapshot().done == std::vector{SplitDone{3, EventTime::min()}});
}

TEST_CASE("what a reader refuses and damaged snapshots are errors", "[unit][source]") {
  Rig rig{{}};
  CHECK_FALSE(rig.driver->assign({0, "refused", ""}));
  const auto bytes = SourceSnapshot{{{{1, "a", "b"}, "c", {5}}}, {{7, {8}}}}.encode();
  REQUIRE(SourceSnapshot::decode(bytes));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto decoded = SourceSnapshot::decode(std::string_view{bytes}.substr(0, cut));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code() == Errc::corrupt_snapshot_part);
  }
}

TEST_CASE("what a source subtask has read is stored the same", "[unit][source][golden]") {
  SourceSnapshot snapshot;
  snapshot.open.push_back({{7, "a.csv bytes 0..9", std::string("\0split", 6)}, "position", {123}});
  snapshot.open.push_back({{8, "b.csv", ""}, "", EventTime::min()});
  snapshot.done.push_back({5, {-1}});
  expect_golden("connector/source-snapshot-v1.bin", snapshot.encode());
  const auto restored = SourceSnapshot::decode(golden("connector/source-snapshot-v1.bin"));
  REQUIRE(restored);
  CHECK(*restored == snapshot);
}

}  // namespace flow::testing
