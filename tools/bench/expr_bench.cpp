// Expressions: filter and computed columns per row (design's cost model).
#include "flow/base/random.hpp"
#include "flow/expr/expression.hpp"
#include "flow/record/builder.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace flow;  // NOLINT(google-build-using-namespace): a program

constexpr std::uint32_t kRows = 4096;

SchemaPtr schema() {
  return make_schema({{"a", types::int64},
                      {"b", types::int64},
                      {"c", types::int64},
                      {"small", types::int32},
                      {"ratio", types::float64},
                      {"origin", types::string},
                      {"word", types::string},
                      {"at", types::timestamp},
                      {"holes", types::int64}});
}

Batch rows(SlabPool& pool, bool dictionary) {
  Random random{7};
  BatchBuilder builder{schema(), pool, kRows};
  static constexpr const char* kAirports[] = {"LAX", "JFK", "SFO", "ORD",
                                              "ATL", "DFW", "DEN", "SEA"};
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const auto number = [&] { return Value{static_cast<std::int64_t>(random.below(1000))}; };
    builder.append_row(
        {number(), number(), number(), Value{static_cast<std::int32_t>(random.below(1000))},
         Value{random.unit()}, Value{std::string{kAirports[random.below(8)]}},
         Value{"https://example.com/item/" + std::to_string(random.below(100000))},
         Value{EventTime{static_cast<std::int64_t>(random.below(1'000'000'000'000'000))}},
         random.chance(0.1) ? Value{} : number()});
  }
  Batch batch = builder.finish();
  if (!dictionary) return batch;
  ColumnBuilder values{types::string, pool, 8};
  for (const auto* airport : kAirports) values.append_view(airport);
  Column column;
  column.type = types::string;
  column.encoding = Encoding::dictionary;
  column.child = std::make_shared<const Column>(values.finish());
  column.values = Buffer::allocate(pool, kRows * 4);
  for (std::uint32_t i = 0; i < kRows; ++i)
    column.values.mutable_as<std::uint32_t>()[i] = static_cast<std::uint32_t>(random.below(8));
  batch.mutable_columns()[5] = std::move(column);
  return batch;
}

void finish(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kRows);
  state.counters["ns/row"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kRows * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void evaluate(benchmark::State& state, const std::string& text, bool dictionary) {
  const auto pool = SlabPool::make();
  const auto batch = rows(*pool, dictionary);
  const auto expression = *Expression::compile({text}, *batch.schema());
  EvalContext context{*pool};
  for (auto _ : state) {
    auto column = expression.evaluate(batch, context);
    benchmark::DoNotOptimize(column->values.data());
  }
  finish(state);
}

void filter(benchmark::State& state, const std::string& text, bool dictionary) {
  const auto pool = SlabPool::make();
  const auto wide = rows(*pool, dictionary);
  const auto compiled = *Expression::compile({text}, *wide.schema());
  // Only the columns in use: copying the handle of a batch costs per column.
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const auto index : compiled.columns_used()) {
    fields.push_back(wide.schema()->field(index));
    columns.push_back(wide.column(index));
  }
  const Batch batch{make_schema(std::move(fields)), kRows, std::move(columns)};
  const auto expression = *Expression::compile({text}, *batch.schema());
  EvalContext context{*pool};
  for (auto _ : state) {
    Batch copy = batch;
    auto kept = expression.filter(std::move(copy), context);
    benchmark::DoNotOptimize(kept->selected());
  }
  finish(state);
}

/// A computed column over what a filter left.
void sparse(benchmark::State& state, const std::string& condition, const std::string& text) {
  const auto pool = SlabPool::make();
  auto batch = rows(*pool, false);
  EvalContext context{*pool};
  const auto filter = *Expression::compile({condition}, *batch.schema());
  batch = *filter.filter(std::move(batch), context);
  const auto expression = *Expression::compile({text}, *batch.schema());
  for (auto _ : state) {
    auto column = expression.evaluate(batch, context);
    benchmark::DoNotOptimize(column->values.data());
  }
  finish(state);
}

/// What memory allows: the same addition without overflow check, selection, nulls or allocation.
void plain_loop(benchmark::State& state) {
  const auto pool = SlabPool::make();
  const auto batch = rows(*pool, false);
  const auto* a = batch.column(0).data<std::int64_t>();
  const auto* b = batch.column(1).data<std::int64_t>();
  auto out = Buffer::allocate(*pool, kRows * 8);
  for (auto _ : state) {
    auto* sum = out.mutable_as<std::int64_t>();
    for (std::uint32_t row = 0; row < kRows; ++row) sum[row] = a[row] + b[row];
    benchmark::DoNotOptimize(sum);
    benchmark::ClobberMemory();
  }
  finish(state);
}

void compile(benchmark::State& state, const std::string& text) {
  const auto input = schema();
  for (auto _ : state) {
    auto expression = Expression::compile({text}, *input);
    benchmark::DoNotOptimize(expression.has_value());
  }
}

}  // namespace

BENCHMARK(plain_loop);
BENCHMARK_CAPTURE(filter, int64_half, "a > 500", false);
BENCHMARK_CAPTURE(filter, int32_half, "small > 500", false);
BENCHMARK_CAPTURE(filter, float64_half, "ratio > 0.5::float64", false);
BENCHMARK_CAPTURE(filter, two_conditions, "a > 500 AND small < 900", false);
BENCHMARK_CAPTURE(filter, with_nulls, "holes > 500", false);
BENCHMARK_CAPTURE(filter, equal_text, "origin = 'LAX'", false);
BENCHMARK_CAPTURE(filter, equal_dictionary, "origin = 'LAX'", true);
BENCHMARK_CAPTURE(filter, in_integers, "small IN (3, 7, 500, 900)", false);
BENCHMARK_CAPTURE(filter, like_prefix, "word LIKE 'https://example.com/item/1%'", false);
BENCHMARK_CAPTURE(evaluate, int64_compare, "a > 500", false);
BENCHMARK_CAPTURE(evaluate, int64_add, "a + b", false);
BENCHMARK_CAPTURE(evaluate, int64_add_constant, "a + 7", false);
BENCHMARK_CAPTURE(evaluate, int64_multiply, "b * 3", false);
BENCHMARK_CAPTURE(evaluate, int64_add_multiply, "a + 3 * b", false);
BENCHMARK_CAPTURE(evaluate, int64_divide, "a / 7", false);
BENCHMARK_CAPTURE(evaluate, int32_multiply, "small * small", false);
BENCHMARK_CAPTURE(evaluate, float64_multiply, "ratio * ratio", false);
BENCHMARK_CAPTURE(evaluate, int64_with_nulls, "holes + a", false);
BENCHMARK_CAPTURE(evaluate, case_when, "CASE WHEN a > 500 THEN b ELSE c END", false);
BENCHMARK_CAPTURE(evaluate, coalesce, "COALESCE(holes, 0)", false);
BENCHMARK_CAPTURE(evaluate, lower, "lower(word)", false);
BENCHMARK_CAPTURE(evaluate, lower_dictionary, "lower(origin)", true);
BENCHMARK_CAPTURE(evaluate, length, "length(word)", false);
BENCHMARK_CAPTURE(evaluate, substring, "substring(word, 9, 11)", false);
BENCHMARK_CAPTURE(evaluate, concatenate, "origin || word", false);
BENCHMARK_CAPTURE(evaluate, extract_hour, "extract(hour FROM at)", false);
BENCHMARK_CAPTURE(evaluate, extract_month, "extract(month FROM at)", false);
BENCHMARK_CAPTURE(evaluate, date_trunc_hour, "date_trunc('hour', at)", false);
BENCHMARK_CAPTURE(evaluate, plus_interval, "at + interval '5 minutes'", false);
BENCHMARK_CAPTURE(evaluate, int64_to_text, "a::text", false);
BENCHMARK_CAPTURE(sparse, half, "small < 500", "a + 3 * b");
BENCHMARK_CAPTURE(sparse, tenth, "small < 100", "a + 3 * b");
BENCHMARK_CAPTURE(compile, filter, "a > 15 AND origin <> 'LAX'");

BENCHMARK_MAIN();
