// Window aggregation and top as operators: batches of 4,096 rows {k int64, at timestamp, v int64, f
// float64}.
#include "flow/base/random.hpp"
#include "flow/operators/spec.hpp"
#include "flow/record/builder.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <vector>

namespace flow {
namespace {

constexpr std::uint32_t kRows = 4096;
constexpr std::size_t kBatches = 64;

class CountingCollector final : public Collector {
 public:
  [[nodiscard]] bool has_room() const override { return true; }
  void emit(Batch batch, std::uint32_t /*port*/) override {
    rows += batch.selected();
    if (next != nullptr) partials.push_back(std::move(batch));
  }
  std::uint64_t rows = 0;
  Operator* next = nullptr;
  std::vector<Batch> partials;
};

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().to_line() << '\n';
  std::abort();
}

StreamShape input_shape() {
  StreamShape shape;
  shape.schema = make_schema({{"k", types::int64, false},
                              {"at", types::timestamp, false},
                              {"v", types::int64, false},
                              {"f", types::float64, false}});
  shape.time_column = "at";
  shape.has_watermark = true;
  return shape;
}

WindowAggregateSpec spec_of(WindowSpec window, bool exact) {
  WindowAggregateSpec spec;
  spec.keys = {{"k", {"k", {}}}};
  spec.window = window;
  spec.time_column = "at";
  spec.aggregates = {{"n", "count", std::nullopt, {}}, {"s", "sum", ExpressionText{"v", {}}, {}}};
  if (!exact) spec.aggregates.push_back({"m", "max", ExpressionText{"v", {}}, {}});
  return spec;
}

/// A subtask of its own: operator, pool, clock.
struct World {
  World(const WindowAggregateSpec& spec, Phase phase)
      : op{must(make_operator(spec, {input_shape()}, phase))},
        context{"bench", {0}, 1, kDefaultKeyGroups, {0, kDefaultKeyGroups}, *pool, clock, *log} {
    if (!op->open(context)) std::abort();
  }
  PoolHandle pool = SlabPool::make(ByteCount{std::uint64_t{1} << 30});
  SystemClock clock;
  std::unique_ptr<Log> log = make_null_log();
  std::unique_ptr<Operator> op;
  OperatorContext context;
};

/// Rows with random keys; time goes on by one step every `rows_per_slide` rows.
class Rows {
 public:
  Rows(std::int64_t keys, std::int64_t slide, std::int64_t rows_per_slide, SlabPool& pool)
      : slide_{slide}, rows_per_slide_{rows_per_slide}, pool_{pool}, schema_{input_shape().schema} {
    Random random{1};
    for (std::size_t b = 0; b < kBatches; ++b) {
      BatchBuilder builder{schema_, pool, kRows};
      for (std::uint32_t row = 0; row < kRows; ++row) {
        builder.column(0).append_int64(
            static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(keys))));
        builder.column(1).append_int64(0);
        builder.column(2).append_int64(random.between(0, 1000));
        builder.column(3).append_float64(static_cast<double>(random.between(0, 1000)) / 8);
      }
      batches_.push_back(builder.finish());
    }
  }
  Batch next() {
    const auto& base = batches_[at_++ % kBatches];
    Column times;
    times.type = types::timestamp;
    times.values = Buffer::allocate(pool_, kRows * sizeof(std::int64_t));
    auto* out = times.values.mutable_as<std::int64_t>();
    const auto first = row_ * slide_ / rows_per_slide_;
    const auto step = static_cast<double>(slide_) / static_cast<double>(rows_per_slide_);
    for (std::uint32_t i = 0; i < kRows; ++i)
      out[i] = first + static_cast<std::int64_t>(static_cast<double>(i) * step);
    row_ += kRows;
    auto columns = base.columns();
    columns[1] = std::move(times);
    return base.with_columns(schema_, std::move(columns));
  }
  [[nodiscard]] EventTime watermark() const { return {row_ * slide_ / rows_per_slide_}; }

 private:
  std::int64_t slide_;
  std::int64_t rows_per_slide_;
  SlabPool& pool_;
  SchemaPtr schema_;
  std::vector<Batch> batches_;
  std::size_t at_ = 0;
  std::int64_t row_ = 0;
};

void finish(Result<Progress> progress, Operator& op, Collector& out) {
  while (must(std::move(progress)) == Progress::more) progress = op.resume(out);
}

void run(benchmark::State& state, World& world, Rows& rows, std::int64_t warm_up_batches) {
  CountingCollector out;
  const auto step = [&] {
    finish(world.op->on_batch(0, rows.next(), out), *world.op, out);
    finish(world.op->on_watermark(rows.watermark(), out), *world.op, out);
  };
  for (std::int64_t i = 0; i < warm_up_batches; ++i) step();
  const auto before = out.rows;
  for (auto _ : state) step();
  const auto count = static_cast<double>(state.iterations()) * kRows;
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
  state.counters["results/row"] = static_cast<double>(out.rows - before) / count;
  state.counters["MB"] = static_cast<double>(world.op->state_bytes().value) / 1e6;
}

/// keys, rows per window.
void tumbling(benchmark::State& state) {
  World world{spec_of(TumblingWindow{Micros{10000}}, true), Phase::single};
  Rows rows{state.range(0), 10000, state.range(1), *world.pool};
  run(state, world, rows, 2 * state.range(1) / kRows + 100);
}
BENCHMARK(tumbling)
    ->Args({1000, 100000})
    ->Args({1000, 10000})
    ->Args({1000, 10000000})
    ->Args({100000, 10000000})
    ->Args({1000000, 10000000});

/// sum and avg of float64: keys, rows per window.
void tumbling_float(benchmark::State& state) {
  auto spec = spec_of(TumblingWindow{Micros{10000}}, true);
  spec.aggregates = {{"s", "sum", ExpressionText{"f", {}}, {}},
                     {"a", "avg", ExpressionText{"f", {}}, {}}};
  World world{spec, Phase::single};
  Rows rows{state.range(0), 10000, state.range(1), *world.pool};
  run(state, world, rows, 2 * state.range(1) / kRows + 100);
}
BENCHMARK(tumbling_float)->Args({1000, 100000})->Args({1000, 10000})->Args({1000000, 10000000});

/// The same rows through the local phase, and its partials through the global one.
void two_phase(benchmark::State& state) {
  const auto spec = spec_of(TumblingWindow{Micros{10000}}, true);
  World local{spec, Phase::local};
  World global{spec, Phase::global};
  Rows rows{state.range(0), 10000, state.range(1), *local.pool};
  CountingCollector partials;
  partials.next = global.op.get();
  CountingCollector out;
  for (auto _ : state) {
    finish(local.op->on_batch(0, rows.next(), partials), *local.op, partials);
    finish(local.op->on_watermark(rows.watermark(), partials), *local.op, partials);
    for (auto& batch : partials.partials)
      finish(global.op->on_batch(0, std::move(batch), out), *global.op, out);
    partials.partials.clear();
    finish(global.op->on_watermark(rows.watermark(), out), *global.op, out);
  }
  const auto count = static_cast<double>(state.iterations()) * kRows;
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
  state.counters["partials/row"] = static_cast<double>(partials.rows) / count;
}
BENCHMARK(two_phase)->Args({1000, 10000000})->Args({1000000, 10000000});

/// Slide 10 ms, 1,000 keys; window of so many slides, rows per slide. `exact`: count and sum,
/// subtracted; else with max, two stacks.
void hopping(benchmark::State& state, bool exact) {
  const Micros slide{10000};
  World world{spec_of(HoppingWindow{slide * state.range(0), slide}, exact), Phase::single};
  Rows rows{1000, slide.count(), state.range(1), *world.pool};
  run(state, world, rows, 3 * state.range(0) * state.range(1) / kRows + 100);
}
void hopping_exact(benchmark::State& state) { hopping(state, true); }
void hopping_stacks(benchmark::State& state) { hopping(state, false); }
BENCHMARK(hopping_exact)
    ->Args({1, 100000})
    ->Args({10, 100000})
    ->Args({100, 100000})
    ->Args({1000, 100000})
    ->Args({1, 10000})
    ->Args({1000, 10000});
BENCHMARK(hopping_stacks)
    ->Args({1, 100000})
    ->Args({10, 100000})
    ->Args({100, 100000})
    ->Args({1000, 100000})
    ->Args({1, 10000})
    ->Args({1000, 10000});

/// Swallows a snapshot.
class NullSink final : public SnapshotSink {
 public:
  Status put_blob(std::string_view, std::string) override { return {}; }
  Status put_entry(std::string_view, KeyGroup, std::string_view, std::string_view value) override {
    bytes += value.size();
    return {};
  }
  std::uint64_t bytes = 0;
};

double resident_mb() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t pages = 0;
  file >> pages >> pages;
  return static_cast<double>(pages) * 4096 / 1e6;
}

/// One window of ten million keys fires at once, with a snapshot in the middle of it: memory above
/// the state it holds.
void fire_10m_keys(benchmark::State& state) {
  for (auto _ : state) {
    World world{spec_of(TumblingWindow{Micros{10000}}, true), Phase::single};
    const auto keys = std::int64_t{10'000'000};
    Rows rows{keys, 10000, keys * 2, *world.pool};
    CountingCollector out;
    std::int64_t key = 0;
    while (key < keys) {
      auto batch = rows.next();
      auto columns = batch.columns();
      Column ids;
      ids.type = types::int64;
      ids.values = Buffer::allocate(*world.pool, kRows * sizeof(std::int64_t));
      for (std::uint32_t i = 0; i < kRows; ++i) ids.values.mutable_as<std::int64_t>()[i] = key++;
      columns[0] = std::move(ids);
      finish(world.op->on_batch(0, batch.with_columns(batch.schema(), std::move(columns)), out),
             *world.op, out);
    }
    const auto before = resident_mb();
    auto most = before;
    NullSink sink;
    bool copying = false;
    auto progress = world.op->on_watermark(EventTime{10000}, out);
    for (std::uint64_t call = 0; must(std::move(progress)) == Progress::more; ++call) {
      if (call == 100) {
        world.op->begin_copy_out({1});
        if (!world.op->snapshot(sink)) std::abort();
        copying = true;
      }
      if (copying) copying = must(world.op->copy_out(sink, 256_KiB)) == Progress::more;
      if (call % 16 == 0) most = std::max(most, resident_mb());
      progress = world.op->resume(out);
    }
    state.counters["state MB"] = static_cast<double>(world.op->state_bytes().value) / 1e6;
    state.counters["RSS MB"] = before;
    state.counters["more MB"] = std::max(most, resident_mb()) - before;
    state.counters["results"] = static_cast<double>(out.rows);
  }
}
BENCHMARK(fire_10m_keys)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
