#include "snapshot_file.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/crc32c.hpp"

#include <algorithm>
#include <cstring>

namespace flow {

Error SnapshotFile::unreadable(Errc code, std::string cause) const {
  return Error{code, "cannot read state object '" + expected_.name + "'"}.with_cause(
      std::move(cause));
}

Error SnapshotFile::corrupt(std::string cause) const {
  return unreadable(Errc::snapshot_corrupt, std::move(cause))
      .with_remedy("restore it, go on from an older snapshot with --from, or start with --fresh");
}

Result<std::string> SnapshotFile::read(std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    FLOW_ASSIGN(
        const std::size_t got,
        file_->read_at(offset + used, std::as_writable_bytes(std::span{bytes}).subspan(used)));
    if (got == 0) return unreadable(Errc::snapshot_truncated, "it ended while it was read");
    used += got;
  }
  return bytes;
}

Result<SnapshotFile> SnapshotFile::open(std::unique_ptr<ReadableFile> file, StoredObject expected) {
  SnapshotFile self{std::move(file), std::move(expected)};
  std::uint64_t index_offset = 0;
  std::string index;
  FLOW_TRY(self.read_ends(index_offset, index));
  FLOW_TRY(self.parse_index(index, index_offset));
  return self;
}

// Checks header and footer, and reads the index they lead to.
Status SnapshotFile::read_ends(std::uint64_t& index_offset, std::string& index) {
  const std::uint64_t size = file_->size();
  FLOW_ASSIGN(const std::string start,
              read(0, std::min<std::uint64_t>(size, kSnapshotHeaderBytes)));
  const std::string_view magic = std::string_view{start}.substr(0, kSnapshotMagic.size());
  if (magic != kSnapshotMagic.substr(0, magic.size())) {
    return unreadable(Errc::snapshot_foreign, "it does not begin like a state object");
  }
  if (size < expected_.bytes || size < kSnapshotHeaderBytes + kSnapshotFooterBytes) {
    return unreadable(
        Errc::snapshot_truncated,
        "it has " + format_count(size) + " bytes instead of " + format_count(expected_.bytes));
  }
  if (size != expected_.bytes) {
    return corrupt("it has " + format_count(size) + " bytes instead of " +
                   format_count(expected_.bytes));
  }
  ByteReader header{std::string_view{start}.substr(kSnapshotMagic.size())};
  const auto version = header.get<std::uint32_t>();
  if (header.get<std::uint32_t>() != crc32c(std::string_view{start}.substr(0, 12))) {
    return corrupt("the checksum of its header differs");
  }
  if (version > kSnapshotVersion) {
    return unreadable(Errc::snapshot_newer, "its format is version " + std::to_string(version) +
                                                ", this program reads up to " +
                                                std::to_string(kSnapshotVersion))
        .with_remedy("use the version of Flow that wrote it, or a later one");
  }
  FLOW_ASSIGN(const std::string end, read(size - kSnapshotFooterBytes, kSnapshotFooterBytes));
  ByteReader footer{end};
  index_offset = footer.get<std::uint64_t>();
  const auto index_bytes = footer.get<std::uint32_t>();
  const auto index_checksum = footer.get<std::uint32_t>();
  const auto footer_version = footer.get<std::uint32_t>();
  const auto footer_checksum = footer.get<std::uint32_t>();
  if (footer.rest() != kSnapshotEndMagic ||
      footer_checksum != crc32c(std::string_view{end}.substr(0, 20))) {
    return corrupt("the checksum of its footer differs");
  }
  if (footer_version != version || version == 0 || index_offset < kSnapshotHeaderBytes ||
      index_offset > size || size - index_offset != index_bytes + kSnapshotFooterBytes) {
    return corrupt("its footer makes no sense");
  }
  FLOW_ASSIGN(index, read(index_offset, index_bytes));
  if (crc32c(index) != index_checksum) return corrupt("the checksum of its index differs");
  return {};
}

Status SnapshotFile::parse_index(std::string_view index, std::uint64_t index_offset) {
  const auto nonsense = [&] { return corrupt("its index makes no sense"); };
  ByteReader in{index};
  const auto section_count = in.get_count(9);
  for (std::uint32_t i = 0; i < section_count && in.ok(); ++i) {
    const auto kind = in.get<SectionKind>();
    SnapshotSection section;
    section.operator_name = in.get_string();
    section.name = in.get_string();
    section.is_blob = kind == SectionKind::blob;
    if (kind > SectionKind::blob || find(section.operator_name, section.name, kind)) {
      return nonsense();
    }
    sections_.push_back(std::move(section));
  }
  struct Last {
    bool any = false;
    std::uint32_t run = 0;
    std::uint32_t group = 0;
  };
  std::vector<Last> last(sections_.size());
  std::uint64_t offset = kSnapshotHeaderBytes;
  const auto block_count = in.get_count(28);
  for (std::uint32_t i = 0; i < block_count && in.ok(); ++i) {
    BlockInfo block;
    block.section = in.get<std::uint32_t>();
    block.run = in.get<std::uint32_t>();
    block.bytes = in.get<std::uint32_t>();
    block.crc32c = in.get<std::uint32_t>();
    block.entries = in.get<std::uint32_t>();
    block.first_group = in.get<std::uint32_t>();
    block.last_group = in.get<std::uint32_t>();
    block.offset = offset;
    if (block.section >= sections_.size() || block.bytes > index_offset - offset) return nonsense();
    offset += block.bytes;
    SnapshotSection& section = sections_[block.section];
    Last& before = last[block.section];
    const bool blob = section.is_blob && block.entries == 0 && block.run == 0;
    const bool entries = !section.is_blob && block.entries > 0 &&
                         block.first_group <= block.last_group && block.last_group < kMaxKeyGroups;
    const std::uint32_t next_run = before.any ? before.run + 1 : 0;
    const bool continues = before.any && block.run == before.run;
    if (!(blob || entries) || (!continues && block.run != next_run)) return nonsense();
    if (entries && continues && block.first_group < before.group) return nonsense();
    before = {true, block.run, block.last_group};
    section.entries += block.entries;
    section.bytes += block.bytes;
    blocks_.push_back(block);
  }
  if (!in.finished() || offset != index_offset) return nonsense();
  return {};
}

std::optional<std::uint32_t> SnapshotFile::find(std::string_view operator_name,
                                                std::string_view name, SectionKind kind) const {
  for (std::uint32_t i = 0; i < sections_.size(); ++i) {
    const SnapshotSection& section = sections_[i];
    if (section.is_blob == (kind == SectionKind::blob) && section.name == name &&
        section.operator_name == operator_name) {
      return i;
    }
  }
  return std::nullopt;
}

Result<std::string> SnapshotFile::read_block(const BlockInfo& block) {
  FLOW_ASSIGN(std::string bytes, read(block.offset, block.bytes));
  if (crc32c(bytes) != block.crc32c) {
    return corrupt("the checksum of " + format_count(block.bytes) + " bytes at " +
                   format_count(block.offset) + " differs");
  }
  return bytes;
}

}  // namespace flow
