#include "kernels.hpp"
#include "operands.hpp"

#include "flow/base/int128.hpp"
#include "flow/base/utf8.hpp"

#include <charconv>
#include <cmath>
#include <optional>

namespace flow::expr {

namespace {

/// Whether a decimal number lies exactly between `value` and one of its neighbours. Reading it back
/// then needs round-half-even, so PostgreSQL does not print it.
bool is_midpoint(double value, std::string_view digits, int exponent) {
  constexpr int kMostFives = 23;  // 5^24 does not divide a 54-bit number.
  const int zeros = exponent + 1 - static_cast<int>(digits.size());
  if (std::abs(value) < 0x1p53 || zeros < 0 || zeros > kMostFives) return false;
  Uint128 odd = 0;
  for (const char digit : digits) odd = odd * 10 + static_cast<unsigned>(digit - '0');
  for (int i = 0; i < zeros; ++i) odd *= 5;
  int twos = zeros;
  while (odd % 2 == 0) {
    odd /= 2;
    ++twos;
  }
  int binary = 0;
  const auto mantissa =
      static_cast<std::uint64_t>(std::ldexp(std::frexp(std::abs(value), &binary), 53));
  return twos == binary - 54 &&
         (odd == 2 * Uint128{mantissa} + 1 || odd == 2 * Uint128{mantissa} - 1);
}

/// d.ddd × 10^exponent.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

/// The fewest digits that read back as `value`, or so many behind the point; no zeros at the end.
Decimal decimal_of(double value, std::optional<int> precision) {
  char buffer[64];
  char* const last = buffer + sizeof buffer;
  const auto end =
      precision ? std::to_chars(buffer, last, value, std::chars_format::scientific, *precision).ptr
                : std::to_chars(buffer, last, value, std::chars_format::scientific).ptr;
  const std::string_view text{buffer, static_cast<std::size_t>(end - buffer)};
  const auto e = text.find('e');
  Decimal decimal;
  const auto from = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + from, end, decimal.exponent);
  decimal.digits = text.substr(0, 1);
  if (e > 2) decimal.digits += text.substr(2, e - 2);
  decimal.digits.erase(std::max<std::size_t>(decimal.digits.find_last_not_of('0') + 1, 1));
  return decimal;
}

}  // namespace

std::string show(std::int32_t value) { return std::to_string(value); }
std::string show(std::int64_t value) { return std::to_string(value); }
std::string show(double value) {
  std::string out;
  append_text(out, value);
  return out;
}
std::string show(std::string_view value) {
  constexpr std::size_t kMax = 60;
  if (value.size() <= kMax) return "'" + std::string{value} + "'";
  return "'" + std::string{whole_characters(value, kMax)} + "…'";
}

// The shortest digits that read back as the same number; an exponent below 1e-4 and from 1e15 on.
void append_text(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  if (value == 0) {
    out += std::signbit(value) ? "-0" : "0";
    return;
  }
  if (std::signbit(value)) out += '-';
  Decimal decimal = decimal_of(std::abs(value), std::nullopt);
  for (int precision = static_cast<int>(decimal.digits.size());
       precision <= 16 && is_midpoint(value, decimal.digits, decimal.exponent); ++precision)
    decimal = decimal_of(std::abs(value), precision);
  const auto& [digits, exponent] = decimal;
  if (exponent < -4 || exponent >= 15) {
    out += digits[0];
    if (digits.size() > 1) {
      out += '.';
      out.append(digits, 1);
    }
    out += exponent < 0 ? "e-" : "e+";
    const int magnitude = std::abs(exponent);
    if (magnitude < 10) out += '0';
    out += std::to_string(magnitude);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
      out += digits;
      out.append(whole - digits.size(), '0');
    } else {
      out.append(digits, 0, whole);
      out += '.';
      out.append(digits, whole);
    }
  }
}

}  // namespace flow::expr
