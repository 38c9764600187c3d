#pragma once

#include <bit>
#include <cstdint>

namespace flow {

/// Order-preserving images of numbers in uint64, so that min and max of every type are one
/// operation. No float has the image 0 or ~0; NaN is above infinity; −0 and 0 are one.
constexpr std::uint64_t image_of(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}
constexpr std::int64_t integer_of_image(std::uint64_t image) noexcept {
  return static_cast<std::int64_t>(image ^ (std::uint64_t{1} << 63));
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
