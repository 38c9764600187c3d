#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace flow {

/// The sum of finite numbers that became too large: a NaN of its own, so that it takes no memory
/// beside the sum and lasts through merges, partials and snapshots. Stored in snapshots.
inline constexpr std::uint64_t kOverflowedSum = 0x7ff80f10'5f75e364;

inline bool has_overflowed(double sum) noexcept {
  return std::bit_cast<std::uint64_t>(sum) == kOverflowedSum;
}

/// What a row's number is as a sum of its own: a NaN may have any bits, also those of
/// has_overflowed().
inline double float_of_row(double number) noexcept {
  return std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number;
}

/// add_float() where something is not finite. What the processor makes of two NaNs depends on the
/// order the compiler puts them in, so it is said here.
[[gnu::cold, gnu::noinline]] inline double add_unusual(double sum, double by) noexcept {
  const auto overflowed = std::bit_cast<double>(kOverflowedSum);
  if (has_overflowed(sum) || has_overflowed(by)) return overflowed;
  if (std::isfinite(sum) && std::isfinite(by)) return overflowed;
  const auto result = sum + by;
  return std::isnan(result) ? std::numeric_limits<double>::quiet_NaN() : result;
}

/// Adds a number or another sum. Infinity comes only of infinity (as in PostgreSQL): finite numbers
/// whose sum is too large leave has_overflowed().
inline void add_float(double& sum, double by) noexcept {
  const auto result = sum + by;
  sum = std::isfinite(result) ? result : add_unusual(sum, by);
}

/// add_float() of a row's number.
inline void add_float_row(double& sum, double by) noexcept {
  const auto result = sum + by;
  sum = std::isfinite(result) ? result : add_unusual(sum, float_of_row(by));
}

}  // namespace flow
