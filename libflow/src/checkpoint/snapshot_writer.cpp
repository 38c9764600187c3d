#include "flow/checkpoint/snapshot_writer.hpp"

#include "snapshot_format.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/crc32c.hpp"

#include <algorithm>
#include <cstring>

namespace flow {
namespace {

constexpr std::size_t kBlobBlockBytes = 16 << 20;

// An entry that waits to be sorted. The first bytes of the key decide most comparisons in place.
struct PendingEntry {
  std::uint64_t prefix = 0;
  std::uint32_t group = 0;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  const char* key = nullptr;  // the value follows it

  [[nodiscard]] std::string_view key_view() const { return {key, key_size}; }
  [[nodiscard]] std::string_view value_view() const { return {key + key_size, value_size}; }
};

std::uint64_t prefix_of(std::string_view key) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key.data(), std::min<std::size_t>(key.size(), 8));
  return __builtin_bswap64(prefix);  // the formats assume a little endian machine (ByteWriter)
}

bool comes_before(const PendingEntry& a, const PendingEntry& b) {
  if (a.group != b.group) return a.group < b.group;
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  return a.key_view() < b.key_view();
}

bool is_same_key(const PendingEntry& a, const PendingEntry& b) {
  return a.group == b.group && a.key_view() == b.key_view();
}

// Tables are copied out key group by key group, so that mostly only the keys within one are to be
// sorted.
void sort_entries(std::vector<PendingEntry>& entries) {
  const auto by_group = [](const PendingEntry& a, const PendingEntry& b) {
    return a.group < b.group;
  };
  if (!std::is_sorted(entries.begin(), entries.end(), by_group)) {
    std::sort(entries.begin(), entries.end(), comes_before);
    return;
  }
  for (auto first = entries.begin(); first != entries.end();) {
    const auto last = std::upper_bound(first, entries.end(), *first, by_group);
    std::sort(first, last, comes_before);
    first = last;
  }
}

struct Section {
  std::string operator_name;
  std::string name;
  SectionKind kind = SectionKind::entries;
  std::uint32_t runs = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::vector<std::unique_ptr<const std::string>> chunks;  // what `pending` points into
  std::vector<PendingEntry> pending;
};

}  // namespace

struct SnapshotWriter::Impl {
  Impl(SnapshotStore& store_arg, std::string name_arg, ByteCount limit_arg)
      : store{store_arg}, name{std::move(name_arg)}, limit{limit_arg} {}

  SnapshotStore& store;
  std::string name;
  ByteCount limit;
  std::unique_ptr<ObjectWriter> object;  // made with the first bytes
  std::vector<Section> sections;
  std::vector<BlockInfo> blocks;
  std::uint64_t offset = 0;
  std::uint64_t pending_bytes = 0;
  bool finished = false;

  Section& section_of(std::string_view operator_name, std::string_view section_name,
                      SectionKind kind) {
    for (Section& section : sections) {
      if (section.kind == kind && section.name == section_name &&
          section.operator_name == operator_name) {
        return section;
      }
    }
    Section& section = sections.emplace_back();
    section.operator_name = operator_name;
    section.name = section_name;
    section.kind = kind;
    return section;
  }

  Status write(std::string_view bytes) {
    FLOW_TRY(object->append(std::as_bytes(std::span{bytes})));
    offset += bytes.size();
    return {};
  }

  Status begin() {
    if (object != nullptr) return {};
    FLOW_ASSIGN(object, store.create_object(name));
    ByteWriter out;
    for (const char c : kSnapshotMagic) out.put(c);
    out.put(kSnapshotVersion);
    std::string header = out.take();
    const std::uint32_t checksum = crc32c(header);
    header.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    return write(header);
  }

  Status write_block(BlockInfo info, std::string_view bytes) {
    FLOW_TRY(begin());
    info.bytes = static_cast<std::uint32_t>(bytes.size());
    info.crc32c = crc32c(bytes);
    FLOW_TRY(write(bytes));
    blocks.push_back(info);
    Section& section = sections[info.section];
    section.entries += info.entries;
    section.bytes += info.bytes;
    return {};
  }

  Status write_run(std::uint32_t index) {
    Section& section = sections[index];
    auto& pending = section.pending;
    sort_entries(pending);
    const auto twice = std::adjacent_find(pending.begin(), pending.end(), is_same_key);
    if (twice != pending.end()) {
      return Error{Errc::internal, "operator '" + section.operator_name + "' stored a key of '" +
                                       section.name + "' twice in one snapshot"};
    }
    BlockInfo info;
    info.section = index;
    info.run = section.runs++;
    std::string block;
    block.reserve(kSnapshotBlockBytes + 4096);
    for (const PendingEntry& entry : pending) {
      if (info.entries == 0) {
        info.first_group = entry.group;
        info.last_group = 0;
      }
      put_varint(block, entry.group - (info.entries == 0 ? 0 : info.last_group));
      put_varint(block, entry.key_size);
      put_varint(block, entry.value_size);
      block.append(entry.key, std::size_t{entry.key_size} + entry.value_size);
      info.last_group = entry.group;
      ++info.entries;
      if (block.size() >= kSnapshotBlockBytes) {
        FLOW_TRY(write_block(info, block));
        info.entries = 0;
        block.clear();
      }
    }
    if (info.entries > 0) FLOW_TRY(write_block(info, block));
    pending.clear();
    section.chunks.clear();
    return {};
  }

  Status write_runs() {
    for (std::uint32_t i = 0; i < sections.size(); ++i) {
      if (!sections[i].pending.empty()) FLOW_TRY(write_run(i));
    }
    pending_bytes = 0;
    return {};
  }

  Status write_index() {
    ByteWriter out;
    out.put(static_cast<std::uint32_t>(sections.size()));
    for (const Section& section : sections) {
      out.put(section.kind);
      out.put_string(section.operator_name);
      out.put_string(section.name);
    }
    out.put(static_cast<std::uint32_t>(blocks.size()));
    for (const BlockInfo& block : blocks) {
      out.put(block.section);
      out.put(block.run);
      out.put(block.bytes);
      out.put(block.crc32c);
      out.put(block.entries);
      out.put(block.first_group);
      out.put(block.last_group);
    }
    const std::uint64_t index_offset = offset;
    const std::string index = out.take();
    FLOW_TRY(write(index));

    out.put(index_offset);
    out.put(static_cast<std::uint32_t>(index.size()));
    out.put(crc32c(index));
    out.put(kSnapshotVersion);
    std::string footer = out.take();
    const std::uint32_t checksum = crc32c(footer);
    footer.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    footer.append(kSnapshotEndMagic);
    return write(footer);
  }
};

SnapshotWriter::SnapshotWriter(SnapshotStore& store, std::string object_name, ByteCount limit)
    : impl_{std::make_unique<Impl>(store, std::move(object_name), limit)} {}
SnapshotWriter::~SnapshotWriter() = default;
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter& SnapshotWriter::operator=(SnapshotWriter&&) noexcept = default;

Status SnapshotWriter::add(EntryChunk chunk) {
  FLOW_CHECK(!impl_->finished);
  if (chunk.entries == 0) return {};
  Section& section = impl_->section_of(chunk.operator_name, chunk.state, SectionKind::entries);
  const std::string& bytes =
      *section.chunks.emplace_back(std::make_unique<const std::string>(std::move(chunk.bytes)));
  std::size_t at = 0;
  while (at < bytes.size()) {
    FLOW_CHECK(bytes.size() - at >= kChunkEntryHeader, "a chunk ends in the middle of an entry");
    PendingEntry entry;
    std::memcpy(&entry.group, bytes.data() + at, 4);
    std::memcpy(&entry.key_size, bytes.data() + at + 4, 4);
    std::memcpy(&entry.value_size, bytes.data() + at + 8, 4);
    at += kChunkEntryHeader;
    entry.key = bytes.data() + at;
    const std::size_t size = std::size_t{entry.key_size} + entry.value_size;
    FLOW_CHECK(bytes.size() - at >= size, "a chunk ends in the middle of an entry");
    entry.prefix = prefix_of(entry.key_view());
    section.pending.push_back(entry);
    at += size;
  }
  impl_->pending_bytes += bytes.size();
  if (impl_->pending_bytes >= impl_->limit.value) return impl_->write_runs();
  return {};
}

Status SnapshotWriter::add_blob(std::string_view operator_name, std::string_view name,
                                std::string_view bytes) {
  FLOW_CHECK(!impl_->finished);
  const std::size_t before = impl_->sections.size();
  Section& section = impl_->section_of(operator_name, name, SectionKind::blob);
  FLOW_CHECK(impl_->sections.size() == before + 1, "a blob is written once");
  BlockInfo info;
  info.section = static_cast<std::uint32_t>(&section - impl_->sections.data());
  do {
    FLOW_TRY(impl_->write_block(info, bytes.substr(0, kBlobBlockBytes)));
    bytes.remove_prefix(std::min(bytes.size(), kBlobBlockBytes));
  } while (!bytes.empty());
  return {};
}

Result<std::optional<StoredObject>> SnapshotWriter::finish() {
  FLOW_CHECK(!impl_->finished);
  impl_->finished = true;
  FLOW_TRY(impl_->write_runs());
  if (impl_->object == nullptr) return std::optional<StoredObject>{};
  FLOW_TRY(impl_->write_index());
  FLOW_ASSIGN(StoredObject object, impl_->object->finish());
  return std::optional{std::move(object)};
}

}  // namespace flow
