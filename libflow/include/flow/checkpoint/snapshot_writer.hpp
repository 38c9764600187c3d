#pragma once

#include "flow/base/units.hpp"
#include "flow/checkpoint/snapshot_buffer.hpp"
#include "flow/checkpoint/snapshot_store.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Writes one subtask's state object: sections of entries sorted by (key group, key), and blobs.
///
/// Entries come in any order, in chunks. They are kept until `limit` bytes are there, then sorted
/// and written as one run; a section of a larger state has several runs, which readers merge.
/// Memory is bounded by about twice the limit. The object is created with the first bytes: a
/// subtask without state writes nothing.
///
/// Owner: the I/O jobs of one subtask's snapshot, one after the other.   Thread: blocking.
/// Errors: those of the store; internal if a run has the same key twice.
class SnapshotWriter {
 public:
  static constexpr ByteCount kRunBytes = 32_MiB;

  /// `store` outlives it.
  SnapshotWriter(SnapshotStore& store, std::string object_name, ByteCount limit = kRunBytes);
  ~SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) noexcept;

  Status add(EntryChunk chunk);
  /// A blob too large for the manifest. One per (operator, name).
  Status add_blob(std::string_view operator_name, std::string_view name, std::string_view bytes);
  /// Writes what is left, and the index. Nothing if nothing was added. Called once.
  Result<std::optional<StoredObject>> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flow
