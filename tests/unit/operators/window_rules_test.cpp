#include "keyed_rig.hpp"
#include "window/accumulators.hpp"
#include "window/float_sum.hpp"
#include "window/window_aggregate.hpp"
#include "window/window_math.hpp"
#include "window_oracle.hpp"

#include "flow/operators/aggregates.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace flow {
namespace {

using namespace testing;

constexpr auto kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr auto kInt64Min = std::numeric_limits<std::int64_t>::min();

TEST_CASE("every aggregate that is listed exists", "[unit][window]") {
  WindowAggregateSpec all;
  all.window = TumblingWindow{Micros{1'000'000}};
  for (const auto& entry : aggregate_catalogue())
    all.aggregates.push_back({std::string{entry.name}, std::string{entry.name}, "v", {}});
  StreamShape input;
  input.schema = schema("at:timestamp v:int64");
  input.time_column = "at";
  input.has_watermark = true;
  CHECK(all.aggregates.size() == 5);
  CHECK(window_aggregate_shape(all, input, {}).errors.empty());
}

StreamShape shape(std::string_view text) {
  StreamShape input;
  input.schema = schema(text);
  input.time_column = "at";
  input.has_watermark = true;
  return input;
}

WindowAggregateSpec spec(WindowSpec window, std::vector<std::pair<std::string, std::string>> sums) {
  WindowAggregateSpec made;
  made.window = window;
  made.time_column = "at";
  for (auto& [name, argument] : sums) {
    const auto paren = argument.find('(');
    AggregateSpec aggregate{name, argument.substr(0, paren), std::nullopt, {}};
    const auto inside = argument.substr(paren + 1, argument.size() - paren - 2);
    if (!inside.empty()) aggregate.argument = ExpressionText{inside, {}};
    made.aggregates.push_back(std::move(aggregate));
  }
  return made;
}

/// One instance under a collector without limits.
struct Bench {
  Bench(const WindowAggregateSpec& spec, const StreamShape& input, Phase phase = Phase::single) {
    auto made = make_window_aggregate(spec, input, phase);
    if (!made) FAIL(made.error().to_line());
    op = *std::move(made);
    REQUIRE(op->open(context));
  }
  Result<Progress> push(Batch batch) { return op->on_batch(0, std::move(batch), out); }
  void watermark(EventTime now) {
    auto progress = op->on_watermark(now, out);
    while (progress && *progress == Progress::more) progress = op->resume(out);
    REQUIRE(progress);
  }
  [[nodiscard]] std::vector<Batch> results() const {
    return out.ports.empty() ? std::vector<Batch>{} : out.ports[0];
  }
  PoolHandle pool = SlabPool::make();
  ManualClock clock;
  std::unique_ptr<Log> log = make_null_log();
  OperatorContext context{"w",   {0},   1,   kDefaultKeyGroups, {0, kDefaultKeyGroups},
                          *pool, clock, *log};
  KeepingCollector out;
  std::unique_ptr<Operator> op;
};

std::vector<Errc> codes(const WindowAggregateSpec& spec, const StreamShape& input) {
  std::vector<Errc> found;
  for (const auto& error : window_aggregate_shape(spec, input, {}).errors)
    found.push_back(error.code());
  return found;
}

TEST_CASE("a window says all that is wrong with it at once", "[unit][operators][window]") {
  auto bad = spec(HoppingWindow{Micros{10}, Micros{20}},
                  {{"a", "median(v)"}, {"b", "sum(name)"}, {"c", "sum()"}, {"d", "sum(vv)"}});
  bad.keys = {{"k", {"kk", {}}}};
  bad.lateness = Micros{-1};
  CHECK(codes(bad, shape("k:int64 at:timestamp! v:int64 name:string")) ==
        std::vector<Errc>{Errc::bad_window, Errc::bad_window, Errc::unknown_column,
                          Errc::unknown_aggregate, Errc::bad_aggregate_argument,
                          Errc::bad_aggregate_argument, Errc::unknown_column});
}

TEST_CASE("a window needs a length, event time and an append-only input",
          "[unit][operators][window]") {
  const auto input = shape("at:timestamp! v:int64");
  const auto fine = spec(TumblingWindow{Micros{10}}, {{"n", "count()"}});
  CHECK(codes(fine, input).empty());
  CHECK(codes(spec(TumblingWindow{Micros{0}}, {}), input) == std::vector{Errc::bad_window});
  CHECK(codes(spec(TumblingWindow{Micros{-5}}, {}), input) == std::vector{Errc::bad_window});
  CHECK(codes(spec(HoppingWindow{Micros{5}, Micros{0}}, {}), input) ==
        std::vector{Errc::bad_window});
  CHECK(codes(spec(TumblingWindow{Micros{kInt64Max}}, {}), input) == std::vector{Errc::bad_window});
  auto no_watermark = input;
  no_watermark.has_watermark = false;
  CHECK(codes(fine, no_watermark) == std::vector{Errc::no_event_time});
  CHECK(codes(fine, shape("at:string v:int64")) == std::vector{Errc::no_event_time});
  auto changes = input;
  changes.changelog = true;
  CHECK(codes(fine, changes) == std::vector{Errc::changelog_not_accepted});
  auto twice = spec(TumblingWindow{Micros{10}}, {{"n", "count()"}, {"n", "count(v)"}});
  CHECK(codes(twice, input) == std::vector{Errc::duplicate_column});
}

TEST_CASE("the shape of a window's output says what follows may rely on",
          "[unit][operators][window]") {
  auto windows = spec(TumblingWindow{Micros{10}},
                      {{"n", "count()"}, {"s", "sum(v)"}, {"m", "avg(v)"}, {"t", "max(name)"}});
  windows.keys = {{"k", {"k", {}}}, {"half", {"k / 2", {}}}};
  const auto input = shape("k:int64! at:timestamp! v:int32 name:string");
  const auto result = window_aggregate_shape(windows, input, {});
  REQUIRE(result.errors.empty());
  CHECK(
      result.ports[0].schema->to_string() ==
      schema("k:int64! half:int64! window_start:timestamp! window_end:timestamp! n:int64! s:int64 "
             "m:float64 t:string")
          ->to_string());
  CHECK(result.ports[0].time_column == "window_end");
  CHECK(result.ports[0].time_offset == Micros{-1});
  CHECK(result.ports[0].has_watermark);
  CHECK(*result.ports[1].schema == *input.schema);
}

TEST_CASE("results of small windows fall into the larger window that ends with them",
          "[unit][operators][window]") {
  const auto input = shape("at:timestamp! v:int64!");
  const auto small = spec(TumblingWindow{Micros{1}}, {{"n", "count()"}});
  const auto between = window_aggregate_shape(small, input, {}).ports[0];
  auto large = spec(TumblingWindow{Micros{10}}, {{"n", "sum(n)"}});
  large.time_column = "window_end";
  Bench first{small, input};
  Bench second{large, between};
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({i, 1});
  REQUIRE(first.push(batch("at:timestamp! v:int64!", rows)));
  first.watermark({20});
  for (auto& results : first.results()) REQUIRE(second.push(std::move(results)));
  second.watermark({20});
  expect_rows(second.results(), {{0, 10, 10}, {10, 20, 10}});
  CHECK(second.op->late_rows() == 0);
}

TEST_CASE("what a window forwards waits for its lateness", "[unit][operators][window]") {
  auto late = spec(TumblingWindow{Micros{10}}, {{"n", "count()"}});
  late.lateness = Micros{7};
  Bench bench{late, shape("at:timestamp!")};
  CHECK(bench.op->output_watermark({20}) == EventTime{13});
  CHECK(bench.op->output_watermark(EventTime::max()) == EventTime::max());
  REQUIRE(bench.push(batch("at:timestamp!", {{5}})));
  bench.watermark({16});
  CHECK(bench.results().empty());
  REQUIRE(bench.push(batch("at:timestamp!", {{6}})));
  bench.watermark({17});
  expect_rows(bench.results(), {{0, 10, 2}});
}

TEST_CASE("a sum is exact in between and an error only if its result does not fit",
          "[unit][operators][window]") {
  const auto input = shape("at:timestamp! v:int64");
  const auto sums = spec(TumblingWindow{Micros{10}}, {{"s", "sum(v)"}, {"m", "avg(v)"}});
  Bench fits{sums, input};
  REQUIRE(
      fits.push(batch("at:timestamp! v:int64",
                      {{1, kInt64Max}, {1, kInt64Max}, {2, kInt64Min}, {2, kInt64Min}, {3, 5}})));
  fits.watermark({10});
  expect_rows(fits.results(), {{0, 10, 3, 0.6}});
  Bench too_large{sums, input};
  REQUIRE(too_large.push(batch("at:timestamp! v:int64", {{1, kInt64Max}, {1, 1}})));
  const auto progress = too_large.op->on_watermark({10}, too_large.out);
  REQUIRE(!progress);
  CHECK(progress.error().code() == Errc::aggregate_overflow);
}

/// Outcome of sum and avg of rows in one window; `cut`: the two phases, a partial for each part.
Result<std::vector<Batch>> float_sums(const std::vector<std::vector<Row>>& parts, bool cut,
                                      WindowSpec window = TumblingWindow{Micros{10}}) {
  const std::string_view text = "at:timestamp! v:float64";
  const auto sums = spec(window, {{"s", "sum(v)"}, {"m", "avg(v)"}});
  Bench last{sums, shape(text), cut ? Phase::global : Phase::single};
  for (const auto& rows : parts) {
    if (!cut) {
      FLOW_TRY(last.push(batch(text, rows)));
      continue;
    }
    Bench local{sums, shape(text), Phase::local};
    FLOW_TRY(local.push(batch(text, rows)));
    local.watermark(EventTime::max());
    for (auto& partials : local.results()) FLOW_TRY(last.push(std::move(partials)));
  }
  FLOW_ASSIGN(auto progress, last.op->on_watermark(EventTime{1000}, last.out));
  while (progress == Progress::more) {
    FLOW_ASSIGN(progress, last.op->resume(last.out));
  }
  return last.results();
}

TEST_CASE("a sum of finite floats that becomes infinite is an error, in one phase and in two",
          "[unit][operators][window]") {
  const auto cut = GENERATE(false, true);
  const auto large = std::numeric_limits<double>::max();
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto infinity = std::numeric_limits<double>::infinity();
  const auto fails = [&](const std::vector<std::vector<Row>>& parts,
                         WindowSpec window = TumblingWindow{Micros{10}}) {
    const auto result = float_sums(parts, cut, window);
    return !result && result.error().code() == Errc::aggregate_overflow;
  };
  CHECK(fails({{{1, large}, {1, large}}}));
  CHECK(fails({{{1, large}}, {{1, large}}}));
  CHECK(fails({{{1, -large}, {1, -large}}, {{2, 1.0}}}));
  // As in PostgreSQL, what comes after does not mend it.
  CHECK(fails({{{1, large}, {1, large}}, {{1, -large}, {1, infinity}}, {{1, nan}, {1, nullptr}}}));
  CHECK(fails({{{1, large}}, {{6, large}}}, HoppingWindow{Micros{10}, Micros{5}}));

  const auto gives = [&](const std::vector<std::vector<Row>>& parts, double expected) {
    const auto result = float_sums(parts, cut);
    REQUIRE(result);
    expect_rows(*result, {{0, 10, expected, expected}});
  };
  gives({{{1, infinity}, {1, large}}, {{1, large}}}, infinity);
  gives({{{1, large}}, {{1, -infinity}, {1, -large}}}, -infinity);
  gives({{{1, infinity}}, {{1, -infinity}}}, nan);
  gives({{{1, nan}, {1, large}}, {{1, infinity}}}, nan);
  // A NaN of the input may have any bits, also those that mean overflow.
  const auto marked = std::bit_cast<double>(kOverflowedSum);
  gives({{{1, marked}}}, nan);
  gives({{{1, marked}, {1, 1.0}}, {{1, infinity}}}, nan);
  gives({{{1, 2.0}}, {{1, marked}}}, nan);
}

TEST_CASE("a partial of one row never means overflow", "[unit][operators][window]") {
  const auto marked = std::bit_cast<double>(kOverflowedSum);
  BoundAggregate sum;
  sum.function = AggregateFunction::sum;
  sum.argument = 0;
  sum.argument_type = types::float64;
  const Accumulators accumulators{{sum}};
  const auto rows = batch("v:float64", {{marked}, {1.5}});
  const auto pool = SlabPool::make();
  const auto columns = accumulators.single_row_partials(2, rows.columns(), *pool);
  const auto* sums = columns.back().data<double>();
  CHECK(std::isnan(sums[0]));
  CHECK_FALSE(has_overflowed(sums[0]));
  CHECK(sums[1] == 1.5);
}

TEST_CASE("min and max of every type, NaN above infinity", "[unit][operators][window]") {
  const auto text = "at:timestamp! a:int32 b:float64 c:date d:timestamp e:bytes f:string";
  const auto input = shape(text);
  Bench bench{spec(TumblingWindow{Micros{10}}, {{"a0", "min(a)"},
                                                {"a1", "max(a)"},
                                                {"b0", "min(b)"},
                                                {"b1", "max(b)"},
                                                {"c0", "min(c)"},
                                                {"d1", "max(d)"},
                                                {"e1", "max(e)"},
                                                {"f0", "min(f)"}}),
              input};
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto infinity = std::numeric_limits<double>::infinity();
  REQUIRE(
      bench.push(batch(text, {{1, -5, nan, Date{3}, EventTime{-9}, Bytes{"x"}, "b"},
                              {2, 2147483647, infinity, Date{-3}, EventTime{9}, Bytes{"xy"}, "ab"},
                              {3, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
                              {11, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr}})));
  bench.watermark({20});
  expect_rows(bench.results(),
              {{0, 10, -5, 2147483647, infinity, nan, Date{-3}, EventTime{9}, Bytes{"xy"}, "ab"},
               {10, 20, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr}});
}

TEST_CASE("times that no window can hold and null times are errors", "[unit][operators][window]") {
  const auto input = shape("at:timestamp");
  const auto windows = spec(TumblingWindow{Micros{1000}}, {{"n", "count()"}});
  for (const auto time : {kInt64Min, kInt64Min + 5, kInt64Max - 5, kInt64Max}) {
    Bench bench{windows, input};
    const auto progress = bench.push(batch("at:timestamp", {{time}}));
    REQUIRE(!progress);
    CHECK(progress.error().code() == Errc::event_time_out_of_range);
  }
  Bench bench{windows, input};
  const auto progress = bench.push(batch("at:timestamp", {{5}, {nullptr}}));
  REQUIRE(!progress);
  CHECK(progress.error().code() == Errc::null_event_time);
}

TEST_CASE("windows of negative times and of enormous sizes", "[unit][operators][window]") {
  const auto input = shape("at:timestamp!");
  Bench bench{spec(HoppingWindow{Micros{10}, Micros{5}}, {{"n", "count()"}}), input};
  REQUIRE(bench.push(batch("at:timestamp!", {{-1}, {-5}, {-6}})));
  bench.watermark(EventTime::max());
  expect_rows(bench.results(), {{-15, -5, 1}, {-10, 0, 3}, {-5, 5, 2}});
  const auto year = 31'557'600'000'000;
  Bench large{spec(TumblingWindow{Micros{year * 10000}}, {{"n", "count()"}}), input};
  REQUIRE(large.push(batch("at:timestamp!", {{-1}, {0}, {year * 50}})));
  large.watermark(EventTime::max());
  expect_rows(large.results(), {{-year * 10000, 0, 1}, {0, year * 10000, 2}});
}

TEST_CASE("a window of many keys fires in pieces and is freed in pieces",
          "[unit][operators][window]") {
  const auto input = shape("k:int64! at:timestamp!");
  auto windows = spec(TumblingWindow{Micros{10}}, {{"n", "count()"}});
  windows.keys = {{"k", {"k", {}}}};
  Bench bench{windows, input};
  constexpr std::int64_t kKeys = 60000;
  for (std::int64_t from = 0; from < kKeys; from += 3000) {
    std::vector<Row> rows;
    for (auto k = from; k < from + 3000; ++k) rows.push_back({k, 5});
    REQUIRE(bench.push(batch("k:int64! at:timestamp!", rows)));
  }
  const auto held = bench.op->state_bytes().value;
  bench.out.room = 1;
  auto progress = bench.op->on_watermark({10}, bench.out);
  std::size_t calls = 1;
  while (progress && *progress == Progress::more) {
    CHECK(bench.out.emitted_in_call <= 1);
    CHECK(bench.op->state_bytes().value <= held + 65536);
    bench.out.emitted_in_call = 0;
    ++calls;
    progress = bench.op->resume(bench.out);
  }
  REQUIRE(progress);
  CHECK(calls >= kKeys / kTargetRows);
  std::uint64_t rows = 0;
  for (const auto& batch : bench.results()) {
    CHECK(batch.rows() <= kTargetRows);
    rows += batch.rows();
  }
  CHECK(rows == kKeys);
  bench.out.room = -1;
  const auto unfreed = bench.op->state_bytes().value;
  for (int i = 0; i < 20; ++i) bench.watermark({11 + i});
  CHECK(bench.op->state_bytes().value < unfreed / 4);
}

TEST_CASE("the local phase stands aside where rows do not shrink", "[unit][operators][window]") {
  const auto input = shape("k:int64! at:timestamp! v:int64");
  auto windows =
      spec(TumblingWindow{Micros{10}}, {{"n", "count()"}, {"s", "sum(v)"}, {"m", "max(v)"}});
  windows.keys = {{"k", {"k", {}}}};
  Bench local{windows, input, Phase::local};
  Bench global{windows, input, Phase::global};
  std::int64_t key = 0;
  for (int i = 0; i < 40; ++i) {
    std::vector<Row> rows;
    for (int r = 0; r < 2000; ++r, ++key)
      rows.push_back({key % 70000, 5, key % 3 == 0 ? testing::Cell{nullptr} : testing::Cell{-key}});
    REQUIRE(local.push(batch("k:int64! at:timestamp! v:int64", rows)));
  }
  const auto before_watermark = local.results().size();
  CHECK(before_watermark > 0);
  local.watermark({10});
  for (auto& partials : local.results()) REQUIRE(global.push(std::move(partials)));
  global.watermark({10});
  std::uint64_t groups = 0;
  std::int64_t count = 0;
  for (const auto& results : global.results()) {
    groups += results.rows();
    for (const auto& row : rows_of(results)) count += std::get<std::int64_t>(row[3]);
  }
  CHECK(groups == 70000);
  CHECK(count == 80000);
}

TEST_CASE("the local phase keeps its partials while there is nothing to read, not while it is idle",
          "[unit][operators][window]") {
  auto windows = spec(TumblingWindow{Micros{10}}, {{"n", "count()"}});
  windows.keys = {{"k", {"k", {}}}};
  Bench local{windows, shape("k:int64! at:timestamp! v:int64"), Phase::local};
  REQUIRE(local.push(batch("k:int64! at:timestamp! v:int64", {{1, 5, 1}, {2, 6, 1}, {1, 7, 1}})));
  REQUIRE(local.op->on_flush(local.out));
  CHECK(local.results().empty());
  // From now on windows fire without this input.
  REQUIRE(local.op->on_idle(local.out));
  REQUIRE(local.results().size() == 1);
  CHECK(local.results()[0].rows() == 2);
}

TEST_CASE("slices and windows are aligned to 1970 on both sides of it",
          "[unit][operators][window]") {
  constexpr WindowMath math{Micros{9}, Micros{6}};
  static_assert(math.slice() == 3);
  CHECK(math.slice_of(-1) == -3);
  CHECK(math.slice_of(-3) == -3);
  CHECK(math.slice_of(2) == 0);
  for (std::int64_t slice = -30; slice < 30; slice += 3) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool any = false;
    for (std::int64_t start = -60; start <= 60; start += 6) {
      if (start > slice || slice + 3 > start + 9) continue;
      if (!any) first = start + 9;
      last = start + 9;
      any = true;
    }
    CHECK(math.first_end(slice) == first);
    CHECK(math.last_end(slice) == last);
  }
  CHECK(math.last_end_until(8) == 3);
  CHECK(math.last_end_until(9) == 9);
  CHECK(math.last_end_until(-4) == -9);
}

TEST_CASE("a snapshot leaves out what has fired and is not yet freed",
          "[unit][operators][window]") {
  Bench bench{spec(TumblingWindow{Micros{10}}, {{"rows", "count()"}}),
              shape("at:timestamp! k:int64")};
  const auto stored = [&] {
    MemorySnapshot snapshot;
    bench.op->begin_copy_out({1});
    REQUIRE(bench.op->snapshot(snapshot));
    for (auto progress = Progress::more; progress == Progress::more;) {
      const auto copied = bench.op->copy_out(snapshot, 1_MiB);
      REQUIRE(copied);
      progress = *copied;
    }
    std::size_t entries = 0;
    for (const auto& [state, all] : snapshot.entries) entries += all.size();
    return entries;
  };
  REQUIRE(bench.push(batch("at:timestamp! k:int64", {{1, 1}, {12, 2}})));
  CHECK(stored() == 2);
  bench.watermark(EventTime{10});
  CHECK(stored() == 1);
  bench.watermark(EventTime{20});
  CHECK(stored() == 0);
}

}  // namespace
}  // namespace flow
