#pragma once

#include "snapshot_file.hpp"

#include "flow/checkpoint/snapshot_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Walks the entries of one sorted run, block by block, within a range of key groups.
///
/// Owner: value; the file outlives it.   Thread: blocking.
class RunCursor {
 public:
  RunCursor(SnapshotFile& file, std::vector<BlockInfo> blocks, KeyGroupRange range)
      : file_{&file}, blocks_{std::move(blocks)}, range_{range} {}

  /// Goes to the next entry; false after the last one.
  Result<bool> next();
  [[nodiscard]] KeyGroup group() const noexcept { return {group_}; }
  /// Valid until the next call of next().
  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] std::string_view value() const noexcept { return value_; }
  [[nodiscard]] bool comes_before(const RunCursor& other) const noexcept {
    if (group_ != other.group_) return group_ < other.group_;
    return key_ < other.key_;
  }
  [[nodiscard]] const SnapshotFile& file() const noexcept { return *file_; }

 private:
  Status load_block();
  Status decode_entry();

  SnapshotFile* file_;
  std::vector<BlockInfo> blocks_;
  KeyGroupRange range_;
  std::size_t next_block_ = 0;
  std::uint32_t left_ = 0;  // entries of the current block
  std::string bytes_;
  std::string_view rest_;
  std::uint32_t group_ = 0;
  std::string_view key_;
  std::string_view value_;
  std::string carried_key_;  // last key of the previous block
  bool any_ = false;
};

/// The runs of a section that hold something of `range`.
std::vector<RunCursor> open_runs(SnapshotFile& file, std::uint32_t section, KeyGroupRange range);

/// Visits the entries of all runs in ascending (key group, key); the same key in two is corruption.
Status merge_runs(std::vector<RunCursor> runs, const EntryVisitor& each);

}  // namespace flow
