#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow {

/// Order-preserving images of numbers in uint64, so that min and max of every type are one
/// operation. No float has the image 0 or ~0; NaN is above infinity; −0 and 0 are one.
constexpr std::uint64_t image_of(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}
constexpr std::int64_t integer_of_image(std::uint64_t image) noexcept {
  return static_cast<std::int64_t>(image ^ (std::uint64_t{1} << 63));
}
/// Appends 8 bytes that order as numbers do (big endian image): the first part of a stored key.
inline void append_ordered(std::int64_t value, std::string& out) {
  const auto image = image_of(value);
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((image >> shift) & 0xff));
}
/// Takes them off the front of `bytes`; nothing if there are fewer.
inline std::optional<std::int64_t> take_ordered(std::string_view& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  std::uint64_t image = 0;
  for (std::size_t i = 0; i < 8; ++i) image = image << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(8);
  return integer_of_image(image);
}
inline std::uint64_t image_of(double value) noexcept {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  constexpr std::uint64_t kQuietNan = 0x7ff8000000000000ull;
  const auto bits = value != value ? kQuietNan : std::bit_cast<std::uint64_t>(value + 0.0);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
inline double float_of_image(std::uint64_t image) noexcept {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  return std::bit_cast<double>((image & kSign) != 0 ? image ^ kSign : ~image);
}

}  // namespace flow
