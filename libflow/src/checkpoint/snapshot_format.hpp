#pragma once

#include "flow/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

// The state object, byte by byte (libflow/schema/README.md shows one): header, blocks, index,
// footer; little endian. Blocks tile the space between header and index, so that a checksum covers
// every byte.

inline constexpr std::string_view kSnapshotMagic = "FLOWSTAT";
inline constexpr std::string_view kSnapshotEndMagic = "FLOWSEND";
inline constexpr std::uint32_t kSnapshotVersion = 1;
/// magic, version (32 bits), crc32c of both (32 bits).
inline constexpr std::size_t kSnapshotHeaderBytes = 16;
/// index offset (64), index bytes (32), index crc32c (32), version (32), crc32c of the footer so
/// far (32), magic.
inline constexpr std::size_t kSnapshotFooterBytes = 32;

/// Blocks end when they have reached this size; one large entry may exceed it.
inline constexpr std::size_t kSnapshotBlockBytes = 64 << 10;
inline constexpr std::size_t kMaxEntryBytes = std::size_t{1} << 29;
/// Of an entry in an EntryChunk: group, key size, value size.
inline constexpr std::size_t kChunkEntryHeader = 12;

enum class SectionKind : std::uint8_t { entries = 0, blob = 1 };

/// Where one block is and what is in it. Index order is file order, so that offsets are sums of
/// sizes.
struct BlockInfo {
  std::uint32_t section = 0;
  std::uint32_t run = 0;  ///< Of its section: entries ascend within a run.
  std::uint32_t bytes = 0;
  std::uint32_t crc32c = 0;
  std::uint32_t entries = 0;
  std::uint32_t first_group = 0;
  std::uint32_t last_group = 0;
  std::uint64_t offset = 0;  ///< Not stored.
};

/// LEB128: seven bits per byte, low ones first; shortest form only.
inline void put_varint(std::string& out, std::uint32_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(number | 0x80)));
    number >>= 7;
  }
  out.push_back(static_cast<char>(static_cast<unsigned char>(number)));
}

/// Reads from the front of `rest`; false if there is no valid number.
inline bool take_varint(std::string_view& rest, std::uint32_t& into) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < 5 && i < rest.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    number |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) != 0) continue;
    if (number > UINT32_MAX || (byte == 0 && i > 0)) return false;
    rest.remove_prefix(i + 1);
    into = static_cast<std::uint32_t>(number);
    return true;
  }
  return false;
}

}  // namespace flow
