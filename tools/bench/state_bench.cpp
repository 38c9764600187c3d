// Keyed tables: resolve of 4,096-row batches, then count and sum, as window aggregation does it.
#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/key.hpp"
#include "flow/state/batch_keys.hpp"
#include "flow/state/keyed_table.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

namespace flow {
namespace {

constexpr std::uint32_t kRows = 4096;
constexpr std::size_t kBatches = 256;

class NoCodec final : public ValueCodec {
 public:
  void encode(const std::byte* value, std::string& out) const override {
    out.append(reinterpret_cast<const char*>(value), 16);
  }
};

std::vector<Batch> key_batches(std::int64_t keys, SlabPool& pool, DataType type) {
  Random random{1};
  std::vector<Batch> batches;
  for (std::size_t b = 0; b < kBatches; ++b) {
    BatchBuilder builder{make_schema({{"k", type}}), pool, kRows};
    for (std::uint32_t row = 0; row < kRows; ++row) {
      const auto key = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(keys)));
      if (type == types::string) {
        builder.column(0).append_view("auction-" + std::to_string(key));
      } else {
        builder.column(0).append_int64(key * 7919);
      }
    }
    batches.push_back(builder.finish());
  }
  return batches;
}

/// Hash, resolve, add: ns per row in steady state.
void count_and_sum(benchmark::State& state, DataType type) {
  auto pool = SlabPool::make(ByteCount{std::uint64_t{1} << 30});
  const auto batches = key_batches(state.range(0), *pool, type);
  const std::vector<std::uint32_t> columns{0};
  NoCodec codec;
  SnapshotClock clock;
  BlockPool blocks;
  const auto kind = key_kind_of(std::vector<DataType>{type});
  KeyedTable table{{kind, 16, {}, &codec}, clock, blocks};
  BatchKeys keys{kind};
  std::vector<std::byte*> values(kRows);
  const auto run = [&](const Batch& batch) {
    const auto span = keys.prepare(batch, columns);
    for (std::size_t done = 0; done < kRows;) {
      const auto end = table.resolve(span, {}, done, values);
      for (; done < end; ++done) {
        auto* cells = reinterpret_cast<std::int64_t*>(values[done]);
        ++cells[0];
        cells[1] += static_cast<std::int64_t>(done);
      }
    }
  };
  // Enough rows that each key was seen.
  for (std::int64_t seen = 0; seen < 3 * state.range(0); seen += kRows * 8)
    for (std::size_t b = 0; b < kBatches; b += 1) run(batches[b]);
  std::size_t at = 0;
  for (auto _ : state) run(batches[at++ % kBatches]);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRows);
  state.counters["bytes/key"] =
      static_cast<double>(table.bytes()) / static_cast<double>(table.size());
}
void table_int64(benchmark::State& state) { count_and_sum(state, types::int64); }
void table_string(benchmark::State& state) { count_and_sum(state, types::string); }
BENCHMARK(table_int64)->Arg(100)->Arg(1000)->Arg(10000)->Arg(100000)->Arg(1000000);
BENCHMARK(table_string)->Arg(1000)->Arg(100000);

/// New keys only: ns per insert, growth and splits included.
void table_insert(benchmark::State& state) {
  auto pool = SlabPool::make();
  SnapshotClock clock;
  BlockPool blocks{ByteCount{std::uint64_t{1} << 30}};
  NoCodec codec;
  const auto keys = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint64_t> hashes(keys);
  for (std::size_t i = 0; i < keys; ++i) hashes[i] = mix64(i);
  std::vector<std::byte*> values(kRows);
  for (auto _ : state) {
    KeyedTable table{{KeyKind::number, 16, {}, &codec}, clock, blocks};
    for (std::size_t from = 0; from < keys; from += kRows) {
      const auto count = std::min<std::size_t>(kRows, keys - from);
      const KeySpan span{std::span{hashes}.subspan(from, count), {}, {}};
      for (std::size_t done = 0; done < count;)
        done = table.resolve(span, {}, done, std::span{values}.first(count));
    }
    benchmark::DoNotOptimize(table.size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(keys));
}
BENCHMARK(table_insert)->Arg(1000)->Arg(100000)->Arg(1000000);

/// A complete snapshot of a table: ns per entry.
void table_copy_out(benchmark::State& state) {
  SnapshotClock clock;
  BlockPool blocks;
  NoCodec codec;
  KeyedTable table{{KeyKind::number, 16, {}, &codec}, clock, blocks};
  const auto keys = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint64_t> hashes(keys);
  for (std::size_t i = 0; i < keys; ++i) hashes[i] = mix64(i);
  std::vector<std::byte*> values(keys);
  for (std::size_t done = 0; done < keys;) done = table.resolve({hashes, {}, {}}, {}, done, values);
  for (auto _ : state) {
    ++clock.epoch;
    std::uint64_t bytes = 0;
    for (bool done = false; !done;) {
      std::int64_t budget = 64 * 1024;
      done = *table.copy_out(
          [&](std::uint64_t hash, bool, std::string_view, std::string_view value) {
            bytes += hash % 2 + value.size();
            return Status{};
          },
          budget);
    }
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(keys));
}
BENCHMARK(table_copy_out)->Arg(100000);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
