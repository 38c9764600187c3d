#include "flow/checkpoint/snapshot_buffer.hpp"

#include "snapshot_format.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace flow {

Status SnapshotBuffer::put_blob(std::string_view name, std::string bytes) {
  blobs_.push_back({std::string{name}, std::move(bytes)});
  return {};
}

EntryChunk& SnapshotBuffer::chunk_of(std::string_view state) {
  if (last_ < chunks_.size() && chunks_[last_].state == state) return chunks_[last_];
  for (last_ = 0; last_ < chunks_.size(); ++last_) {
    if (chunks_[last_].state == state) return chunks_[last_];
  }
  return chunks_.emplace_back(EntryChunk{operator_name_, std::string{state}, {}, 0});
}

Status SnapshotBuffer::put_entry(std::string_view state, KeyGroup group, std::string_view key,
                                 std::string_view value) {
  if (key.size() > kMaxEntryBytes || value.size() > kMaxEntryBytes) {
    return Error{Errc::snapshot_too_large,
                 "cannot store an entry of state '" + std::string{state} + "'"}
        .with_cause("a key or value has more than 512 MiB");
  }
  EntryChunk& chunk = chunk_of(state);
  const std::array<std::uint32_t, 3> header{group.value, static_cast<std::uint32_t>(key.size()),
                                            static_cast<std::uint32_t>(value.size())};
  static_assert(sizeof header == kChunkEntryHeader);
  chunk.bytes.append(reinterpret_cast<const char*>(header.data()), sizeof header);
  chunk.bytes.append(key);
  chunk.bytes.append(value);
  ++chunk.entries;
  entry_bytes_ += sizeof header + key.size() + value.size();
  return {};
}

std::vector<EntryChunk> SnapshotBuffer::take_entries() {
  last_ = 0;
  entry_bytes_ = 0;
  return std::exchange(chunks_, {});
}

std::vector<NamedBytes> SnapshotBuffer::take_blobs() { return std::exchange(blobs_, {}); }

}  // namespace flow
