// What the chain loop costs per batch and operator, and the simple steps in it. The difference
// between two lengths of a chain is the cost of one operator.

#include "flow/operators/chain.hpp"
#include "flow/operators/spec.hpp"
#include "flow/record/builder.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace flow {
namespace {

/// Takes everything and forgets it.
class Drain final : public ChainOutput {
 public:
  [[nodiscard]] bool has_room(std::uint32_t /*edge*/) const override { return true; }
  void emit(std::uint32_t /*edge*/, Batch batch) override { rows += batch.selected(); }
  void emit_watermark(std::uint32_t /*edge*/, EventTime /*watermark*/) override {}
  void emit_idle(std::uint32_t /*edge*/) override {}
  void emit_end(std::uint32_t /*edge*/) override {}
  std::uint64_t rows = 0;
};

/// Hands on what comes: all that is measured is the loop.
class Pass final : public Operator {
 public:
  Status open(const OperatorContext& /*context*/) override { return {}; }
  Result<Progress> on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) override {
    out.emit(std::move(batch));
    return Progress::done;
  }
  Status snapshot(SnapshotSink& /*sink*/) override { return {}; }
  Status restore(SnapshotSource& /*source*/) override { return {}; }
};

const SchemaPtr& numbers() {
  static const auto schema = make_schema(
      {{"a", types::int64, false}, {"b", types::int64, false}, {"c", types::int64, false}});
  return schema;
}

struct Bench {
  template <class Make>
  Bench(std::uint32_t length, Make&& make) {
    std::vector<ChainLink> links;
    std::vector<OperatorContext> contexts;
    for (std::uint32_t i = 0; i < length; ++i) {
      const ChainTarget target =
          i + 1 == length ? ChainTarget{false, 0, 0} : ChainTarget{true, i + 1, 0};
      const auto name = "op" + std::to_string(i);
      links.push_back({name, make(), 1, {{target}}});
      contexts.push_back(
          {name, {0}, 1, kDefaultKeyGroups, {0, kDefaultKeyGroups}, *pool, clock, *log});
    }
    auto opened = Chain::open(std::move(links), {{0, 0}}, std::move(contexts), drain);
    if (opened) chain = *std::move(opened);
    BatchBuilder builder{numbers(), *pool};
    for (std::int64_t row = 0; row < kTargetRows; ++row)
      builder.append_row({Value{row}, Value{row % 100}, Value{row * 3}});
    batch = builder.finish();
  }

  PoolHandle pool = SlabPool::make();
  SystemClock clock;
  std::unique_ptr<Log> log = make_null_log();
  Drain drain;
  std::unique_ptr<Chain> chain;
  Batch batch;
};

/// Until nothing is left; on a busy machine the budget of one step can end early.
bool run(Chain& chain) {
  for (;;) {
    const auto state = chain.step(std::chrono::milliseconds{100});
    if (!state) return false;
    if (*state != Chain::State::busy) return true;
  }
}

void push_batches(benchmark::State& state, Bench& bench) {
  if (!bench.chain) return state.SkipWithError("the chain does not open");
  for (auto _ : state) {
    bench.chain->push_batch(0, bench.batch);
    if (!run(*bench.chain)) return state.SkipWithError("the chain failed");
  }
  state.SetItemsProcessed(state.iterations() * kTargetRows);
}

void pass_batches(benchmark::State& state) {
  Bench bench{static_cast<std::uint32_t>(state.range(0)), [] { return std::make_unique<Pass>(); }};
  push_batches(state, bench);
}
BENCHMARK(pass_batches)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Arg(16);

void pass_watermarks(benchmark::State& state) {
  Bench bench{static_cast<std::uint32_t>(state.range(0)), [] { return std::make_unique<Pass>(); }};
  std::int64_t now = 0;
  for (auto _ : state) {
    bench.chain->push_watermark(0, {++now});
    if (!run(*bench.chain)) return state.SkipWithError("the chain failed");
  }
}
BENCHMARK(pass_watermarks)->Arg(1)->Arg(8);

void run_step(benchmark::State& state, const OperatorSpec& spec) {
  const StreamShape shape{numbers(), std::nullopt, {}, false, false};
  Bench bench{1, [&] {
                auto made = make_operator(spec, {shape});
                return made ? *std::move(made) : std::unique_ptr<Operator>{};
              }};
  push_batches(state, bench);
}

void filter_half(benchmark::State& state) { run_step(state, FilterSpec{{"b < 50", {}}}); }
BENCHMARK(filter_half);

void filter_thin(benchmark::State& state) { run_step(state, FilterSpec{{"b = 7", {}}}); }
BENCHMARK(filter_thin);

void compute_column(benchmark::State& state) {
  ProjectSpec spec;
  spec.keep_input = true;
  spec.columns = {{"d", {"a + c", {}}}};
  run_step(state, spec);
}
BENCHMARK(compute_column);

void drop_column(benchmark::State& state) { run_step(state, DropSpec{{"b"}}); }
BENCHMARK(drop_column);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
