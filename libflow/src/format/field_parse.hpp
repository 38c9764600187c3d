#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

namespace flow::field {

/// Whether a text was read, and if not, why.
enum class Parsed : std::uint8_t { ok, malformed, out_of_range };

inline std::uint64_t load8(const char* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

/// Value of eight digits, the first of them in the lowest byte.
inline std::uint64_t value_of_word(std::uint64_t word) noexcept {
  word = (word & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
  return (word & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
}
inline bool are_digits(std::uint64_t word) noexcept {
  return ((word & 0xF0F0F0F0F0F0F0F0u) |
          (((word + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4)) == 0x3333333333333333u;
}

/// Reads 1 to 8 digits; 8 bytes at `at` are readable. False if one of them is no digit.
inline bool digits8(const char* at, std::size_t length, std::uint64_t& value) noexcept {
  auto word = load8(at);
  if (length < 8) {
    // Zeros in front: the first character is the lowest byte.
    word = (word << (64 - length * 8)) | (0x3030303030303030u >> (length * 8));
  }
  if (!are_digits(word)) return false;
  value = value_of_word(word);
  return true;
}

/// Value of 1 to 16 characters of which all are digits; 8 bytes at any of them are readable.
inline std::uint64_t value_of_digits(const char* at, std::size_t length) noexcept {
  if (length <= 8) return value_of_word(load8(at) << (64 - length * 8));
  return value_of_word(load8(at) << (128 - length * 8)) * 100'000'000u +
         value_of_word(load8(at + length - 8));
}

/// Reads `-?digits`; 8 bytes behind any position of the text are readable.
inline Parsed parse_int64(const char* begin, const char* end, std::int64_t& value) noexcept {
  const bool negative = begin != end && *begin == '-';
  begin += negative ? 1 : 0;
  const auto length = static_cast<std::size_t>(end - begin);
  std::uint64_t magnitude = 0;
  if (length == 0) return Parsed::malformed;
  if (length <= 8) {
    if (!digits8(begin, length, magnitude)) return Parsed::malformed;
  } else if (length <= 16) {
    std::uint64_t high = 0;
    if (!digits8(begin, length - 8, high) || !digits8(end - 8, 8, magnitude))
      return Parsed::malformed;
    magnitude += high * 100'000'000u;
  } else {
    bool overflow = false;
    for (const auto* at = begin; at != end; ++at) {
      const auto digit = static_cast<unsigned char>(*at - '0');
      if (digit > 9) return Parsed::malformed;
      overflow |= __builtin_mul_overflow(magnitude, 10u, &magnitude);
      overflow |= __builtin_add_overflow(magnitude, std::uint64_t{digit}, &magnitude);
    }
    const auto limit = std::uint64_t{1} << 63;
    if (overflow || magnitude > limit - (negative ? 0 : 1)) return Parsed::out_of_range;
  }
  value = static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
  return Parsed::ok;
}

inline Parsed parse_int32(const char* begin, const char* end, std::int32_t& value) noexcept {
  std::int64_t wide = 0;
  if (const auto parsed = parse_int64(begin, end, wide); parsed != Parsed::ok) return parsed;
  if (wide < std::numeric_limits<std::int32_t>::min() ||
      wide > std::numeric_limits<std::int32_t>::max())
    return Parsed::out_of_range;
  value = static_cast<std::int32_t>(wide);
  return Parsed::ok;
}

/// Reads a decimal number, with or without exponent, `inf`, `infinity` and `nan` in any case.
inline Parsed parse_float64(const char* begin, const char* end, double& value) noexcept {
  // Up to 15 digits and a power of ten up to 10^15 are exact: one division gives the nearest
  // double.
  const auto* at = begin;
  const bool negative = at != end && *at == '-';
  at += negative ? 1 : 0;
  if (end - at <= 16 && at != end) {
    std::uint64_t digits = 0;
    int fraction = -1;
    const auto* scan = at;
    for (; scan != end; ++scan) {
      const auto digit = static_cast<unsigned char>(*scan - '0');
      if (digit <= 9) {
        digits = digits * 10 + digit;
        fraction += fraction >= 0 ? 1 : 0;
      } else if (*scan == '.' && fraction < 0 && scan != at) {
        fraction = 0;
      } else {
        break;
      }
    }
    if (scan == end && fraction != 0 && (end - at <= 15 || fraction > 0)) {
      static constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
      const auto magnitude = static_cast<double>(digits) / kPowers[fraction > 0 ? fraction : 0];
      value = negative ? -magnitude : magnitude;
      return Parsed::ok;
    }
  }
  if (begin != end && *begin == '+' && end - begin > 1 && begin[1] != '-') ++begin;
  const auto [stop, code] = std::from_chars(begin, end, value);
  if (stop != end || begin == end) return Parsed::malformed;
  if (code == std::errc::result_out_of_range) {
    // Too small is zero, too large is an error: only the sign of the exponent can tell.
    const std::string_view text{begin, static_cast<std::size_t>(end - begin)};
    const auto exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? text.substr(exponent + 1).starts_with('-')
                          : text.starts_with("0.") || text.starts_with("-0.");
    if (!tiny) return Parsed::out_of_range;
    value = text.starts_with('-') ? -0.0 : 0.0;
    return Parsed::ok;
  }
  return code == std::errc{} ? Parsed::ok : Parsed::malformed;
}

/// Reads `true`, `false` in lower, upper or title case, `t`, `f`, `1`, `0`.
inline bool parse_bool(std::string_view text, bool& value) noexcept {
  if (text == "true" || text == "1" || text == "t" || text == "TRUE" || text == "True" ||
      text == "T") {
    value = true;
    return true;
  }
  if (text == "false" || text == "0" || text == "f" || text == "FALSE" || text == "False" ||
      text == "F") {
    value = false;
    return true;
  }
  return false;
}

}  // namespace flow::field
