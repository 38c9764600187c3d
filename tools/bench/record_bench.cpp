// What batches cost: one benchmark for each line of docs/performance.md, section Records.
//
// The row is Nexmark's Bid: four int64, three strings, 226 bytes on average. The argument is the
// number of rows in a batch; times are given per row (or per batch where the line says so).
#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"
#include "flow/record/wire.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

namespace flow {
namespace {

struct Bid {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string channel;
  std::string url;
  std::int64_t at;
  std::string extra;
};

SchemaPtr bid_schema() {
  return make_schema({{"auction", types::int64, true},
                      {"bidder", types::int64, true},
                      {"price", types::int64, true},
                      {"channel", types::string, true},
                      {"url", types::string, true},
                      {"at", types::timestamp, true},
                      {"extra", types::string, true}});
}

std::vector<Bid> make_bids(std::size_t count) {
  constexpr std::array<const char*, 4> kChannels{"Google", "Facebook", "Baidu", "Apple"};
  Random random{1};
  const auto letters = [&](std::uint64_t size) {
    std::string text;
    for (std::uint64_t i = 0; i < size; ++i)
      text.push_back(static_cast<char>('a' + random.below(26)));
    return text;
  };
  std::vector<Bid> bids;
  bids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Bid bid;
    bid.auction = static_cast<std::int64_t>(1000 + random.below(100'000));
    bid.bidder = static_cast<std::int64_t>(1000 + random.below(50'000));
    bid.price = static_cast<std::int64_t>(random.below(1'000'000));
    bid.channel = random.chance(0.5) ? kChannels[random.below(4)]
                                     : "channel-" + std::to_string(random.below(10'000));
    bid.url = "https://www.nexmark.com/" + letters(14) +
              "/item.htm?query=1&channel_id=" + std::to_string(random.below(1'000'000));
    bid.at = 1'700'000'000'000'000 + static_cast<std::int64_t>(i);
    bid.extra = letters(80 + random.below(41));
    bids.push_back(std::move(bid));
  }
  return bids;
}

void append(BatchBuilder& builder, const Bid& bid) {
  builder.column(0).append_int64(bid.auction);
  builder.column(1).append_int64(bid.bidder);
  builder.column(2).append_int64(bid.price);
  builder.column(3).append_view(bid.channel);
  builder.column(4).append_view(bid.url);
  builder.column(5).append_int64(bid.at);
  builder.column(6).append_view(bid.extra);
}

Batch make_batch(SlabPool& pool, std::uint32_t rows) {
  BatchBuilder builder{bid_schema(), pool, rows};
  for (const auto& bid : make_bids(rows)) append(builder, bid);
  Batch batch = builder.finish();
  batch.set_time_bounds({0}, {rows});
  return batch;
}

/// Selects the rows whose price is below a share of its range.
Buffer select_rows(const Batch& batch, std::int64_t below, SlabPool& pool, std::uint32_t& count) {
  Buffer selection = Buffer::allocate(pool, std::size_t{batch.rows()} * 4);
  auto* to = selection.mutable_as<std::uint32_t>();
  const auto* price = batch.column(2).data<std::int64_t>();
  count = 0;
  for (std::uint32_t row = 0; row < batch.rows(); ++row) {
    to[count] = row;
    count += price[row] < below ? 1u : 0u;
  }
  return selection;
}

std::uint32_t rows_of(const benchmark::State& state) {
  return static_cast<std::uint32_t>(state.range(0));
}

void report(benchmark::State& state, std::uint32_t rows, std::uint64_t bytes = 0) {
  state.SetItemsProcessed(state.iterations() * rows);
  state.counters["per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * rows,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  if (bytes != 0) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    state.counters["row_bytes"] = static_cast<double>(bytes) / rows;
  }
}

void build_bid_rows(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const auto bids = make_bids(std::size_t{1} << 14);
  BatchBuilder builder{bid_schema(), *pool, rows};
  std::size_t at = 0;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    for (std::uint32_t i = 0; i < rows; ++i) append(builder, bids[(at + i) % bids.size()]);
    at += rows;
    const Batch batch = builder.finish();
    bytes = batch.byte_size();
    benchmark::DoNotOptimize(batch.columns().data());
  }
  report(state, rows, bytes);
}
BENCHMARK(build_bid_rows)->Arg(256)->Arg(1024)->Arg(4096);

void scan_int64_column(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  for (auto _ : state) {
    const auto* values = batch.column(2).data<std::int64_t>();
    std::int64_t sum = 0;
    for (std::uint32_t row = 0; row < rows; ++row) sum += values[row];
    benchmark::DoNotOptimize(sum);
  }
  report(state, rows);
}
BENCHMARK(scan_int64_column)->Arg(1024)->Arg(4096);

void filter_selection(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  for (auto _ : state) {
    std::uint32_t count = 0;
    Buffer selection = select_rows(batch, 500'000, *pool, count);
    Batch filtered = batch;
    filtered.set_selection(std::move(selection), count);
    benchmark::DoNotOptimize(filtered.selected());
  }
  report(state, rows);
}
BENCHMARK(filter_selection)->Arg(1024)->Arg(4096);

void project_7_to_4(benchmark::State& state) {
  const auto pool = SlabPool::make();
  Batch batch = make_batch(*pool, rows_of(state));
  const auto projected = make_schema({bid_schema()->field(0), bid_schema()->field(2),
                                      bid_schema()->field(4), bid_schema()->field(5)});
  for (auto _ : state) {
    std::vector<Column> columns;
    columns.reserve(4);
    for (const std::size_t i : {0u, 2u, 4u, 5u}) columns.push_back(batch.column(i));
    const Batch out = batch.with_columns(projected, std::move(columns));
    benchmark::DoNotOptimize(out.columns().data());
  }
}
BENCHMARK(project_7_to_4)->Arg(1024)->Arg(4096);

void compact_half(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  Batch batch = make_batch(*pool, rows);
  std::uint32_t count = 0;
  Buffer selection = select_rows(batch, 500'000, *pool, count);
  batch.set_selection(std::move(selection), count);
  for (auto _ : state) {
    const Batch dense = compact(batch, *pool);
    benchmark::DoNotOptimize(dense.columns().data());
  }
  report(state, rows);
}
BENCHMARK(compact_half)->Arg(1024)->Arg(4096);

void hash_int64_key(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const std::array<std::uint32_t, 1> key{0};
  std::vector<std::uint64_t> hashes;
  for (auto _ : state) {
    hash_rows(batch, key, hashes);
    benchmark::DoNotOptimize(hashes.data());
  }
  report(state, rows);
}
BENCHMARK(hash_int64_key)->Arg(1024)->Arg(4096);

void hash_string_key(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const std::array<std::uint32_t, 1> key{3};
  std::vector<std::uint64_t> hashes;
  for (auto _ : state) {
    hash_rows(batch, key, hashes);
    benchmark::DoNotOptimize(hashes.data());
  }
  report(state, rows);
}
BENCHMARK(hash_string_key)->Arg(1024)->Arg(4096);

/// Argument: rows, key column (0 int64, 3 a string of 9 bytes, 4 one of 73).
void encode_key_column(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const std::array<std::uint32_t, 1> key{static_cast<std::uint32_t>(state.range(1))};
  std::string bytes;
  std::vector<std::uint32_t> ends;
  for (auto _ : state) {
    bytes.clear();
    encode_keys(batch, key, bytes, ends);
    benchmark::DoNotOptimize(bytes.data());
  }
  report(state, rows);
}
BENCHMARK(encode_key_column)->Args({1024, 0})->Args({1024, 3})->Args({1024, 4});

void exchange_hash_to(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto targets = static_cast<std::uint32_t>(state.range(1));
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const std::array<std::uint32_t, 1> key{0};
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint16_t> destination;
  for (auto _ : state) {
    hash_rows(batch, key, hashes);
    destination.resize(hashes.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const auto group = key_group_of(hashes[i], kDefaultKeyGroups);
      destination[i] =
          static_cast<std::uint16_t>(owner_of(group, targets, kDefaultKeyGroups).value);
    }
    const auto parts = partition(batch, destination, targets, *pool);
    benchmark::DoNotOptimize(parts.data());
  }
  report(state, rows, batch.byte_size());
}
BENCHMARK(exchange_hash_to)
    ->Args({256, 8})
    ->Args({1024, 2})
    ->Args({1024, 8})
    ->Args({4096, 8})
    ->Args({1024, 64});

void copy_handle(benchmark::State& state) {
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows_of(state));
  for (auto _ : state) {
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): what is measured
    const Batch copy = batch;
    benchmark::DoNotOptimize(copy.columns().data());
  }
}
BENCHMARK(copy_handle)->Arg(1024);

void seal_batch(benchmark::State& state) {
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows_of(state));
  for (auto _ : state) {
    const SealedBatch sealed = seal(batch, *pool);
    benchmark::DoNotOptimize(sealed.pieces.data());
  }
}
BENCHMARK(seal_batch)->Arg(1024)->Arg(4096);

void open_strictly(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const Buffer message = seal(batch, *pool).flatten(*pool);
  const auto& schema = batch.schema();
  for (auto _ : state) {
    const auto opened = open_batch(message, schema);
    benchmark::DoNotOptimize(opened.has_value());
  }
  report(state, rows);
}
BENCHMARK(open_strictly)->Arg(1024)->Arg(4096);

void open_foreign(benchmark::State& state) {
  const auto rows = rows_of(state);
  const auto pool = SlabPool::make();
  const Batch batch = make_batch(*pool, rows);
  const Buffer message = seal(batch, *pool).flatten(*pool);
  const auto& schema = batch.schema();
  for (auto _ : state) {
    const auto opened = open_batch(message, schema, MessageOrigin::external);
    benchmark::DoNotOptimize(opened.has_value());
  }
  report(state, rows);
}
BENCHMARK(open_foreign)->Arg(1024);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
