#pragma once

#include "snapshot_format.hpp"

#include "flow/base/file_system.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// A state object whose index has been read and checked.
///
/// Owner: value.   Thread: blocking, one reader at a time.
class SnapshotFile {
 public:
  static Result<SnapshotFile> open(std::unique_ptr<ReadableFile> file, StoredObject expected);

  [[nodiscard]] const std::vector<SnapshotSection>& sections() const noexcept { return sections_; }
  [[nodiscard]] const std::vector<BlockInfo>& blocks() const noexcept { return blocks_; }
  /// Index of the section, or nothing.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view operator_name,
                                                  std::string_view name, SectionKind kind) const;
  /// The bytes of a block, compared with its checksum.
  Result<std::string> read_block(const BlockInfo& block);
  /// An error about this object.
  [[nodiscard]] Error corrupt(std::string cause) const;

 private:
  SnapshotFile(std::unique_ptr<ReadableFile> file, StoredObject expected)
      : file_{std::move(file)}, expected_{std::move(expected)} {}

  [[nodiscard]] Error unreadable(Errc code, std::string cause) const;
  Result<std::string> read(std::uint64_t offset, std::uint64_t size);
  Status read_ends(std::uint64_t& index_offset, std::string& index);
  Status parse_index(std::string_view index, std::uint64_t index_offset);

  std::unique_ptr<ReadableFile> file_;
  StoredObject expected_;
  std::vector<SnapshotSection> sections_;
  std::vector<BlockInfo> blocks_;
};

}  // namespace flow
