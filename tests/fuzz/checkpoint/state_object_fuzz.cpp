// Any bytes are a state object or an error, with and without the checksums of the ends repaired.

#include "flow/base/crc32c.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace {

class MemoryFile final : public flow::ReadableFile {
 public:
  explicit MemoryFile(const std::string& bytes) : bytes_{bytes} {}
  flow::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t size = std::min<std::size_t>(into.size(), bytes_.size() - offset);
    std::memcpy(into.data(), bytes_.data() + offset, size);
    return size;
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }

 private:
  const std::string& bytes_;
};

void read(const std::string& bytes) {
  auto reader =
      flow::SnapshotReader::open(std::make_unique<MemoryFile>(bytes), {"fuzz", bytes.size(), 0});
  if (!reader) return;
  for (const flow::SnapshotSection& section : reader->sections()) {
    if (section.is_blob) {
      static_cast<void>(reader->blob(section.operator_name, section.name));
    } else {
      static_cast<void>(reader->entries(
          section.operator_name, section.name, {1, 3000},
          [](flow::KeyGroup, std::string_view, std::string_view) { return flow::Status{}; }));
    }
  }
}

template <class Number>
Number load(const std::string& bytes, std::size_t at) {
  Number number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <class Number>
void store(std::string& bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

std::uint32_t checksum(const std::string& bytes, std::size_t at, std::size_t size) {
  return flow::crc32c(std::string_view{bytes}.substr(at, size));
}

// Makes header, index, footer and, where the index can be followed, blocks consistent.
void repair(std::string& bytes) {
  std::memcpy(bytes.data(), "FLOWSTAT\x01\0\0\0", 12);
  store(bytes, 12, checksum(bytes, 0, 12));
  const std::size_t footer = bytes.size() - 32;
  const std::uint64_t index = 16 + load<std::uint64_t>(bytes, footer) % (footer - 16 + 1);
  store(bytes, footer, index);
  store(bytes, footer + 8, static_cast<std::uint32_t>(footer - index));
  // One entries section "o" "s", and as many blocks as the rest of the index has room for.
  std::size_t at = index;
  if (footer - index >= 19 + 28) {
    const std::string head{"\1\0\0\0\0\1\0\0\0o\1\0\0\0s", 15};
    std::memcpy(bytes.data() + at, head.data(), head.size());
    at += head.size();
    const std::size_t blocks = (footer - at - 4) / 28;
    store(bytes, at, static_cast<std::uint32_t>(blocks));
    at += 4;
    std::uint64_t offset = 16;
    for (std::size_t i = 0; i < blocks; ++i, at += 28) {
      const std::uint64_t left = index - offset;
      const std::uint64_t size =
          i + 1 == blocks ? left
                          : std::min<std::uint64_t>(left, load<std::uint32_t>(bytes, at + 8) % 64);
      store(bytes, at, std::uint32_t{0});
      store(bytes, at + 8, static_cast<std::uint32_t>(size));
      store(bytes, at + 12, checksum(bytes, offset, size));
      offset += size;
    }
    if (at != footer) {  // the index has to end with its last block
      bytes.erase(at, footer - at);
      store(bytes, at + 8, static_cast<std::uint32_t>(at - index));
    }
  }
  const std::size_t end = bytes.size() - 32;
  store(bytes, end + 12, checksum(bytes, index, end - index));
  store(bytes, end + 16, std::uint32_t{1});
  store(bytes, end + 20, checksum(bytes, end, 20));
  std::memcpy(bytes.data() + end + 24, "FLOWSEND", 8);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes{reinterpret_cast<const char*>(data), size};
  read(bytes);
  if (bytes.size() < 48) return 0;
  repair(bytes);
  read(bytes);
  return 0;
}
