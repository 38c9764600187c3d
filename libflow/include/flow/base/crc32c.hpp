#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace flow {

/// CRC-32C (Castagnoli, as in iSCSI) of `bytes`, continued from `before`: crc32c(b, crc32c(a)) is
/// that of a followed by b. Uses the processor's instruction where the build targets one that has
/// it.
///
/// Thread: value.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes,
                                          std::uint32_t before = 0) noexcept {
  return crc32c(std::as_bytes(std::span{bytes}), before);
}

}  // namespace flow
