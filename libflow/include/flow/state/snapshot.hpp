#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Receives one operator's part of a snapshot. Two kinds of content:
///
/// * blobs: small plain data of this subtask (watermarks, source positions, continuations of
///   interrupted fires, batches waiting inside the chain). Written while the operator is held
///   still, so they must be cheap.
/// * entries: keyed state, each in its key group, any order; copied out in slices after the
/// barrier.
///
/// Bytes are opaque to everybody but the operator and begin with a version of its own.
/// Thread: actor-confined; buffers in memory, the runtime hands chunks to I/O.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual Status put_blob(std::string_view name, std::string bytes) = 0;
  virtual Status put_entry(std::string_view state, KeyGroup group, std::string_view key,
                           std::string_view value) = 0;
};

/// Gives one operator's part of a snapshot back, whatever the parallelism it was written at.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// The blobs of that name from every subtask whose snapshot concerns this one (one per subtask at
  /// equal parallelism; possibly several or none after rescaling).
  virtual Result<std::vector<std::string>> blobs(std::string_view name) = 0;
  using EachEntry = std::function<Status(KeyGroup, std::string_view key, std::string_view value)>;
  /// Calls `each` for every entry of `state` in `range`; ascending (key group, key).
  virtual Status entries(std::string_view state, KeyGroupRange range, const EachEntry& each) = 0;
};

/// Where the parts of a keyed operator's snapshot are, and which of them it owns now.
struct KeyedSnapshot {
  std::string_view blob;   ///< Continuations and progress, one per subtask that wrote.
  std::string_view state;  ///< The entries.
  KeyGroupRange owned;
};

/// Restores a keyed operator: every blob, and then every entry of its key groups. Stops at the
/// first error. Errors: what the source and the callbacks report; corrupt_snapshot_part for an
/// entry of somebody else's key group, which is not handed on.
Status restore_keyed(SnapshotSource& source, const KeyedSnapshot& parts,
                     const std::function<Status(const std::string& blob)>& on_blob,
                     const SnapshotSource::EachEntry& on_entry);

}  // namespace flow
