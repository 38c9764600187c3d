// What it costs to get state into a snapshot and back (design §14: 0.2 us per dirty entry). The
// store is memory: the disk is not what is measured.

#include "flow/base/crc32c.hpp"
#include "flow/checkpoint/manifest.hpp"
#include "flow/checkpoint/snapshot_buffer.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"
#include "flow/checkpoint/snapshot_writer.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace flow {
namespace {

class MemoryWriter final : public ObjectWriter {
 public:
  explicit MemoryWriter(std::string& bytes) : bytes_{bytes} {}
  Status append(std::span<const std::byte> bytes) override {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<StoredObject> finish() override { return StoredObject{"a1-e1-x", bytes_.size(), 0}; }

 private:
  std::string& bytes_;
};

class MemoryFile final : public ReadableFile {
 public:
  explicit MemoryFile(const std::string& bytes) : bytes_{bytes} {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::size_t size = std::min<std::size_t>(into.size(), bytes_.size() - offset);
    std::memcpy(into.data(), bytes_.data() + offset, size);
    return size;
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }

 private:
  const std::string& bytes_;
};

/// Keeps one object; nothing else is asked of it here.
class MemoryStore final : public SnapshotStore {
 public:
  std::string bytes;

  Result<std::unique_ptr<ObjectWriter>> create_object(const std::string&) override {
    bytes.clear();
    return std::unique_ptr<ObjectWriter>{std::make_unique<MemoryWriter>(bytes)};
  }
  Result<std::unique_ptr<ReadableFile>> open_object(const std::string&) override {
    return std::unique_ptr<ReadableFile>{std::make_unique<MemoryFile>(bytes)};
  }
  Result<std::unique_ptr<FileLock>> lock() override { return unused(); }
  Result<std::vector<std::string>> list_objects() override { return unused(); }
  Status remove_object(const std::string&) override { return unused(); }
  Result<std::optional<Attempt>> current_attempt() override { return unused(); }
  Result<Attempt> take_over() override { return unused(); }
  Result<std::vector<Epoch>> list_manifests(Attempt) override { return unused(); }
  Result<std::string> read_manifest(Attempt, Epoch) override { return unused(); }
  Status publish_manifest(Attempt, Epoch, std::string_view) override { return unused(); }
  Status remove_manifests(Attempt, const std::vector<Epoch>&) override { return unused(); }
  [[nodiscard]] std::string describe_manifest(Attempt, Epoch) const override { return {}; }

 private:
  static Error unused() { return Error{Errc::internal, "not part of this benchmark"}; }
};

// `count` entries of an 8-byte key and a 16-byte value, in the order of a hash table: by key group,
// keys mixed.
void put_entries(SnapshotBuffer& buffer, std::int64_t count) {
  constexpr std::uint32_t kGroups = 512;
  const std::int64_t per_group = std::max<std::int64_t>(count / kGroups, 1);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t key = mix64(static_cast<std::uint64_t>(i));
    const std::string_view bytes{reinterpret_cast<const char*>(&key), sizeof key};
    const auto group = static_cast<std::uint32_t>(i / per_group);
    benchmark::DoNotOptimize(buffer.put_entry("counts", {group}, bytes, "0123456789abcdef"));
  }
}

void report(benchmark::State& state, std::int64_t entries) {
  state.SetItemsProcessed(state.iterations() * entries);
}

void crc32c_of(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// On the SUBTASK: what copying out an entry costs beside finding it.
void buffer_entries(benchmark::State& state) {
  for (auto _ : state) {
    SnapshotBuffer buffer{"op"};
    put_entries(buffer, state.range(0));
    benchmark::DoNotOptimize(buffer.take_entries());
  }
  report(state, state.range(0));
}

// On I/O threads: sort, blocks, checksums, index.
void write_object(benchmark::State& state) {
  MemoryStore store;
  for (auto _ : state) {
    state.PauseTiming();
    SnapshotBuffer buffer{"op"};
    put_entries(buffer, state.range(0));
    auto chunks = buffer.take_entries();
    state.ResumeTiming();
    SnapshotWriter writer{store, "a1-e1-x"};
    for (EntryChunk& chunk : chunks) {
      if (!writer.add(std::move(chunk))) std::abort();
    }
    benchmark::DoNotOptimize(writer.finish());
  }
  report(state, state.range(0));
}

void read_object(benchmark::State& state) {
  MemoryStore store;
  SnapshotBuffer buffer{"op"};
  put_entries(buffer, state.range(0));
  SnapshotWriter writer{store, "a1-e1-x"};
  for (EntryChunk& chunk : buffer.take_entries()) {
    if (!writer.add(std::move(chunk))) std::abort();
  }
  const StoredObject object = **writer.finish();
  for (auto _ : state) {
    auto reader = SnapshotReader::open(*store.open_object(object.name), object);
    std::uint64_t seen = 0;
    const Status read = reader->entries("op", "counts", {0, kMaxKeyGroups},
                                        [&](KeyGroup, std::string_view, std::string_view) {
                                          ++seen;
                                          return Status{};
                                        });
    if (!read || seen != static_cast<std::uint64_t>(state.range(0))) std::abort();
  }
  report(state, state.range(0));
}

BENCHMARK(crc32c_of)->Arg(64 << 10);
BENCHMARK(buffer_entries)->Arg(100'000);
BENCHMARK(write_object)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(read_object)->Arg(1'000'000);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
