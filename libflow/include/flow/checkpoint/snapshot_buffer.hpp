#pragma once

#include "flow/base/units.hpp"
#include "flow/checkpoint/manifest.hpp"
#include "flow/state/snapshot.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Entries of one state on their way to an I/O thread: unsorted, each as group, key size, value
/// size (32 bits each) and the bytes.
struct EntryChunk {
  std::string operator_name;
  std::string state;
  std::string bytes;
  std::uint64_t entries = 0;
};

/// Collects one operator's part of a snapshot in memory.
///
/// The SUBTASK lets the operator write into it, takes the entries whenever enough have come
/// together and hands them to an I/O job, which adds them to the subtask's SnapshotWriter; the
/// blobs are taken after begin_snapshot and travel with the acknowledgement.
///
/// Owner: one SUBTASK attempt, per operator and snapshot.   Thread: actor-confined.
class SnapshotBuffer final : public SnapshotSink {
 public:
  explicit SnapshotBuffer(std::string operator_name) : operator_name_{std::move(operator_name)} {}

  Status put_blob(std::string_view name, std::string bytes) override;
  Status put_entry(std::string_view state, KeyGroup group, std::string_view key,
                   std::string_view value) override;

  /// Bytes of entries not yet taken.
  [[nodiscard]] ByteCount entry_bytes() const noexcept { return {entry_bytes_}; }
  /// Hands over the entries since the last call; one chunk per state.
  [[nodiscard]] std::vector<EntryChunk> take_entries();
  /// Hands over the blobs, in the order they were put.
  [[nodiscard]] std::vector<NamedBytes> take_blobs();

 private:
  EntryChunk& chunk_of(std::string_view state);

  std::string operator_name_;
  std::vector<EntryChunk> chunks_;  // few: one per state
  std::size_t last_ = 0;            // entries of one state come in long runs
  std::vector<NamedBytes> blobs_;
  std::uint64_t entry_bytes_ = 0;
};

}  // namespace flow
