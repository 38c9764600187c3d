#pragma once

#include "flow/base/int128.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace flow::expr {

/// Division by a number that is the same for all rows, without dividing: a shift, or a
/// multiplication by the reciprocal. Rounds towards zero.
template <class T>
class ConstantDivisor {
  using Unsigned = std::make_unsigned_t<T>;
  using Wide = std::conditional_t<sizeof(T) == 4, std::uint64_t, Uint128>;
  /// Magnitudes are at most 2^kBits.
  static constexpr unsigned kBits = std::numeric_limits<T>::digits;

 public:
  /// Precondition: not -1, 0, 1.
  explicit ConstantDivisor(T divisor) noexcept
      : negative_{divisor < 0},
        magnitude_{magnitude_of(divisor)},
        shift_{static_cast<unsigned>(std::bit_width(magnitude_ - 1))} {
    // With 2^(s-1) < d < 2^s, M = ⌊2^(b+s) / d⌋ + 1 exceeds the true reciprocal by less than
    // 2^s / d, so that ⌊u · M / 2^(b+s)⌋ = ⌊u / d⌋ for all u ≤ 2^b.
    if (!is_power_of_two())
      reciprocal_ = static_cast<Unsigned>((Wide{1} << (kBits + shift_)) / magnitude_ + 1);
  }

  [[nodiscard]] bool is_power_of_two() const noexcept { return std::has_single_bit(magnitude_); }

  /// The remainder has the sign of the dividend. Precondition: is_power_of_two().
  [[nodiscard]] T remainder_of_power(T dividend) const noexcept {
    const auto value = static_cast<Unsigned>(dividend);
    return static_cast<T>(value - (round_down(dividend) & ~(magnitude_ - 1)));
  }
  /// Precondition: is_power_of_two().
  [[nodiscard]] T quotient_of_power(T dividend) const noexcept {
    const auto quotient = static_cast<Unsigned>(static_cast<T>(round_down(dividend)) >> shift_);
    return static_cast<T>(negative_ ? Unsigned{0} - quotient : quotient);
  }
  /// Precondition: !is_power_of_two().
  [[nodiscard]] T remainder(T dividend) const noexcept {
    const auto magnitude = magnitude_of(dividend);
    const auto rest = static_cast<Unsigned>(magnitude - divide(magnitude) * magnitude_);
    return static_cast<T>(dividend < 0 ? Unsigned{0} - rest : rest);
  }
  /// Precondition: !is_power_of_two().
  [[nodiscard]] T quotient(T dividend) const noexcept {
    const auto result = divide(magnitude_of(dividend));
    return static_cast<T>((dividend < 0) != negative_ ? Unsigned{0} - result : result);
  }

 private:
  static Unsigned magnitude_of(T value) noexcept {
    const auto bits = static_cast<Unsigned>(value);
    return value < 0 ? Unsigned{0} - bits : bits;
  }
  /// What a shift rounds in the right direction.
  [[nodiscard]] Unsigned round_down(T dividend) const noexcept {
    return static_cast<Unsigned>(dividend) + (dividend < 0 ? magnitude_ - 1 : Unsigned{0});
  }
  [[nodiscard]] Unsigned divide(Unsigned magnitude) const noexcept {
    return static_cast<Unsigned>((Wide{magnitude} * reciprocal_) >> (kBits + shift_));
  }

  bool negative_;
  Unsigned magnitude_;
  unsigned shift_;
  Unsigned reciprocal_ = 0;
};

}  // namespace flow::expr
