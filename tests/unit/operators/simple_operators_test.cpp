#include "flow/operators/spec.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/operators/memory_snapshot.hpp"

namespace flow::testing {
namespace {

/// Runs one operator by hand.
struct Bench final : Collector {
  Bench(const OperatorSpec& spec, const std::vector<SchemaPtr>& schemas) {
    std::vector<StreamShape> inputs;
    for (const auto& input : schemas) inputs.push_back({input, std::nullopt, {}, false, false});
    auto made = make_operator(spec, inputs);
    REQUIRE(made);
    op = *std::move(made);
    REQUIRE(op->open(context));
  }
  [[nodiscard]] bool has_room() const override { return true; }
  void emit(Batch batch, std::uint32_t port) override {
    CHECK(port == 0);
    out.push_back(std::move(batch));
  }
  void push(Batch batch, std::uint32_t input = 0) {
    const auto progress = op->on_batch(input, std::move(batch), *this);
    REQUIRE(progress);
    CHECK(*progress == Progress::done);
  }

  PoolHandle pool = SlabPool::make();
  ManualClock clock;
  std::unique_ptr<Log> log = make_null_log();
  OperatorContext context{"op",  {0},   1,   kDefaultKeyGroups, {0, kDefaultKeyGroups},
                          *pool, clock, *log};
  std::unique_ptr<Operator> op;
  std::vector<Batch> out;
};

ExpressionText text(std::string expression) { return {std::move(expression), {}}; }

}  // namespace

TEST_CASE("a filter keeps the rows for which its condition is true, not null", "[unit][simple]") {
  Bench bench{FilterSpec{text("v > 1")}, {schema("k:string v:int64")}};
  bench.push(batch("k:string v:int64", {{"a", 1}, {"b", nullptr}, {"c", 3}, {"d", 4}}));
  REQUIRE(bench.out.size() == 1);
  CHECK(bench.out[0].rows() == 4);  // nothing was copied
  expect_rows(bench.out, {{"c", 3}, {"d", 4}});
  bench.push(select(batch("k:string v:int64", {{"a", 9}, {"b", 9}}), {1}));
  expect_rows(bench.out[1], {{"b", 9}});
}

TEST_CASE("a filter emits nothing of a batch it keeps no row of", "[unit][simple]") {
  Bench bench{FilterSpec{text("v > 1")}, {schema("v:int64")}};
  bench.push(batch("v:int64", {{0}, {1}}));
  CHECK(bench.out.empty());
}

TEST_CASE("thin batches are gathered until half a batch is together, a watermark or a flush comes",
          "[unit][simple]") {
  const auto wide = schema("v:int64");
  std::vector<Row> rows(1000, Row{0});
  rows[10] = {7};
  rows[900] = {8};
  Bench bench{FilterSpec{text("v > 0")}, {wide}};
  bench.push(batch(wide, rows));
  bench.push(batch(wide, rows));
  CHECK(bench.out.empty());

  MemorySnapshot snapshot;
  REQUIRE(bench.op->snapshot(snapshot));
  Bench restored{FilterSpec{text("v > 0")}, {wide}};
  MemorySnapshotSource source{snapshot};
  REQUIRE(restored.op->restore(source));
  for (auto* each : {&bench, &restored}) {
    REQUIRE(each->op->on_watermark({1}, *each));
    REQUIRE(each->out.size() == 1);
    CHECK(each->out[0].rows() == 4);
    expect_rows(each->out, {{7}, {8}, {7}, {8}});
  }
  bench.out.clear();

  // A batch that is not thin goes behind what waits.
  bench.push(batch(wide, rows));
  bench.push(batch(wide, {{1}, {2}}));
  expect_rows(bench.out, {{7}, {8}, {1}, {2}});
  bench.out.clear();

  for (auto i = 0; i < 1024; ++i) bench.push(batch(wide, rows));
  REQUIRE(bench.out.size() == 1);
  CHECK(bench.out[0].rows() == kTargetRows / 2);
  bench.push(batch(wide, rows));
  REQUIRE(bench.op->on_flush(bench));
  CHECK(bench.out.size() == 2);
}

TEST_CASE("select computes and shares columns, with keeps the others", "[unit][simple]") {
  const auto input = batch("k:string v:int64", {{"a", 1}, {"b", nullptr}, {"c", 3}});
  ProjectSpec spec;
  spec.columns = {{"double", text("v * 2")}, {"key", text("k")}};
  Bench bench{spec, {input.schema()}};
  bench.push(select(input, {0, 1}));
  expect_rows(bench.out, {{2, "a"}, {nullptr, "b"}});
  CHECK(bench.out[0].column(1).values.same_slab(input.column(0).values));
  CHECK(bench.out[0].schema()->to_string() == "{double: int64, key: string}");

  spec.keep_input = true;
  spec.columns = {{"k", text("upper(k)")}, {"n", text("v IS NULL")}};
  Bench with{spec, {input.schema()}};
  with.push(input);
  expect_rows(with.out, {{"A", 1, false}, {"B", nullptr, true}, {"C", 3, false}});
}

TEST_CASE("drop and rename touch no row", "[unit][simple]") {
  const auto input = batch("a:int64 b:int64 c:int64", {{1, 2, 3}});
  Bench drop{DropSpec{{"b"}}, {input.schema()}};
  drop.push(input);
  expect_rows(drop.out, {{1, 3}});
  Bench rename{RenameSpec{{{"a", "c"}, {"c", "a"}}}, {input.schema()}};
  rename.push(input);
  expect_rows(rename.out, {{1, 2, 3}});
  CHECK(rename.out[0].schema()->to_string() == "{c: int64, b: int64, a: int64}");
}

TEST_CASE("a changelog keeps its row kinds and its event-time bounds through simple steps",
          "[unit][simple]") {
  auto input = changelog("a:int64 b:int64", {{"+I", 1, 2}, {"-D", 3, 4}});
  input.set_time_bounds({5}, {9});
  Bench drop{DropSpec{{"b"}}, {input.schema()}};
  drop.push(input);
  expect_rows(drop.out, {{"+I", 1}, {"-D", 3}});
  CHECK(drop.out[0].max_time() == EventTime{9});
}

TEST_CASE("a union hands on all inputs under one schema", "[unit][simple]") {
  Bench bench{UnionSpec{}, {schema("a:int64!"), schema("a:int64")}};
  bench.push(batch("a:int64!", {{1}}), 0);
  bench.push(batch("a:int64", {{nullptr}}), 1);
  expect_rows(bench.out, {{1}, {nullptr}});
  CHECK(*bench.out[0].schema() == *bench.out[1].schema());
}

TEST_CASE("an expression that fails on a row ends with its error", "[unit][simple]") {
  ProjectSpec spec;
  spec.columns = {{"x", text("1 / v")}};
  Bench bench{spec, {schema("v:int64")}};
  const auto progress = bench.op->on_batch(0, batch("v:int64", {{0}}), bench);
  REQUIRE_FALSE(progress);
  CHECK(progress.error().code() == Errc::division_by_zero);
}

}  // namespace flow::testing
