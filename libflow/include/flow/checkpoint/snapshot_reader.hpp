#pragma once

#include "flow/base/file_system.hpp"
#include "flow/checkpoint/manifest.hpp"
#include "flow/checkpoint/snapshot_store.hpp"
#include "flow/state/snapshot.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// A part of a state object, by what its writer called it.
struct SnapshotSection {
  std::string operator_name;
  std::string name;  ///< Of the state or the blob.
  bool is_blob = false;
  std::uint64_t entries = 0;  ///< 0 for a blob.
  std::uint64_t bytes = 0;
  bool operator==(const SnapshotSection&) const = default;
};

using EntryVisitor =
    std::function<Status(KeyGroup group, std::string_view key, std::string_view value)>;

/// Reads a state object from untrusted bytes: the index at once, then only the blocks that hold
/// what is asked for. Every byte is covered by a checksum that is compared before it is believed.
///
/// Owner: value, shares the file.   Thread: blocking, one reader at a time.
/// Errors: snapshot_foreign, snapshot_truncated, snapshot_corrupt, snapshot_newer; io errors.
class SnapshotReader {
 public:
  /// `expected` is what the manifest says; its size is compared.
  static Result<SnapshotReader> open(std::unique_ptr<ReadableFile> file, StoredObject expected);

  [[nodiscard]] const std::vector<SnapshotSection>& sections() const noexcept;
  /// Visits entries whose key group is in `range`, ascending (key group, key).
  Status entries(std::string_view operator_name, std::string_view state, KeyGroupRange range,
                 const EntryVisitor& each);
  /// The blob of that name, if there is one.
  Result<std::optional<std::string>> blob(std::string_view operator_name, std::string_view name);

 private:
  struct Impl;
  explicit SnapshotReader(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// Gives one operator's state back to subtask `subtask` of `parallelism`, from whatever parallelism
/// the snapshot was taken at: entries of the asked key groups from all objects, merged; blobs of
/// the old subtask of the same index if the parallelism is the same, else of every old subtask
/// whose key groups overlap those of the new one, and of those without key groups whose index
/// modulo the new parallelism is the new one's.
///
/// `store` and `manifest` outlive it.   Thread: blocking (reads objects when asked).
/// Errors: snapshot_missing and those of SnapshotReader.
std::unique_ptr<SnapshotSource> make_snapshot_source(SnapshotStore& store, const Manifest& manifest,
                                                     std::string operator_name,
                                                     SubtaskIndex subtask,
                                                     std::uint32_t parallelism);

}  // namespace flow
