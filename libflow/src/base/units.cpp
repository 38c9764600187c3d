#include "flow/base/units.hpp"

#include "flow/base/int128.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

namespace flow {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kDurationUnits{Unit{"d", 86'400'000'000}, Unit{"h", 3'600'000'000},
                                    Unit{"m", 60'000'000},     Unit{"s", 1'000'000},
                                    Unit{"ms", 1'000},         Unit{"us", 1}};

constexpr std::array kByteUnits{Unit{"B", 1},
                                Unit{"KiB", 1ull << 10},
                                Unit{"MiB", 1ull << 20},
                                Unit{"GiB", 1ull << 30},
                                Unit{"TiB", 1ull << 40},
                                Unit{"KB", 1'000},
                                Unit{"MB", 1'000'000},
                                Unit{"GB", 1'000'000'000},
                                Unit{"TB", 1'000'000'000'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// digits[.digits], exact: mantissa / 10^decimals.
struct Decimal {
  std::uint64_t mantissa = 0;
  std::uint64_t scale = 1;
};

// Takes a number from the front of `rest`; why not, otherwise.
std::optional<std::string> take_decimal(std::string_view& rest, Decimal& into) {
  std::size_t used = 0;
  bool fraction = false;
  bool any = false;
  for (; used < rest.size(); ++used) {
    const char c = rest[used];
    if (c == '.' && !fraction && any) {
      fraction = true;
      continue;
    }
    if (!is_digit(c)) break;
    any = true;
    if (__builtin_mul_overflow(into.mantissa, std::uint64_t{10}, &into.mantissa) ||
        __builtin_add_overflow(into.mantissa, static_cast<std::uint64_t>(c - '0'),
                               &into.mantissa) ||
        (fraction && __builtin_mul_overflow(into.scale, std::uint64_t{10}, &into.scale))) {
      return "the number is too large";
    }
  }
  if (!any) return "a number is missing";
  if (rest[used - 1] == '.') return "digits are missing after the point";
  rest.remove_prefix(used);
  return std::nullopt;
}

std::string_view take_unit(std::string_view& rest) {
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  std::size_t used = 0;
  while (used < rest.size() && is_letter(rest[used])) ++used;
  const std::string_view unit = rest.substr(0, used);
  rest.remove_prefix(used);
  return unit;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// value * factor, if that is a whole number that fits.
std::optional<std::string> scale_exactly(const Decimal& value, const Unit& unit,
                                         std::uint64_t limit, std::uint64_t& into) {
  const auto product = static_cast<Uint128>(value.mantissa) * unit.factor;
  if (product % value.scale != 0) return "it is not a whole number of the smallest unit";
  if (product / value.scale > limit) return "the value is too large";
  into = static_cast<std::uint64_t>(product / value.scale);
  return std::nullopt;
}

Error bad_duration(std::string_view text, std::string cause) {
  return Error{Errc::bad_argument, "'" + std::string{text} + "' is not a duration"}
      .with_cause(std::move(cause))
      .with_remedy(
          "write a number and a unit (us, ms, s, m, h, d), for example 250ms, 5s or 1h30m");
}

Error bad_bytes(std::string_view text, std::string cause) {
  return Error{Errc::bad_argument, "'" + std::string{text} + "' is not a size"}
      .with_cause(std::move(cause))
      .with_remedy("write a number and a unit (B, KiB, MiB, GiB, TiB), for example 64KiB or 8GiB");
}

// Three significant digits and the suffix of the power of 1000: "2.41" and "M".
struct Scaled {
  std::array<char, 32> number{};
  std::size_t power = 0;
};

Scaled scale_for_people(double value, int decimals_below_10, int decimals_below_100) {
  Scaled out;
  while (value >= 999.5 && out.power < 6) {
    value /= 1000;
    ++out.power;
  }
  int decimals = 0;
  if (out.power > 0) {
    if (value < 9.995)
      decimals = decimals_below_10;
    else if (value < 99.95)
      decimals = decimals_below_100;
  } else if (value < 9.95 && value != std::floor(value)) {
    decimals = 1;
  }
  std::snprintf(out.number.data(), out.number.size(), "%.*f", decimals, value);
  return out;
}

constexpr std::array<std::string_view, 7> kPowers{"", "K", "M", "G", "T", "P", "E"};

}  // namespace

Result<Micros> parse_duration(std::string_view text) {
  std::string_view rest = text;
  if (rest == "0") return Micros{0};
  if (rest.empty()) return bad_duration(text, "it is empty");
  if (rest.front() == '-') return bad_duration(text, "a duration cannot be negative");
  std::uint64_t total = 0;
  std::uint64_t previous = ~std::uint64_t{0};
  while (!rest.empty()) {
    Decimal value;
    if (auto problem = take_decimal(rest, value)) return bad_duration(text, *std::move(problem));
    const std::string_view name = take_unit(rest);
    const Unit* unit = find_unit(kDurationUnits, name);
    if (unit == nullptr) {
      return bad_duration(text, name.empty() ? std::string{"the unit is missing"}
                                             : "no unit is called '" + std::string{name} + "'");
    }
    if (unit->factor >= previous) return bad_duration(text, "larger units come first, each once");
    previous = unit->factor;
    constexpr auto kLimit = static_cast<std::uint64_t>(Micros::max().count());
    std::uint64_t micros = 0;
    if (auto problem = scale_exactly(value, *unit, kLimit, micros)) {
      return bad_duration(text, *std::move(problem));
    }
    if (micros > kLimit - total) return bad_duration(text, "the value is too large");
    total += micros;
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  return Micros{static_cast<std::int64_t>(total)};
}

Result<ByteCount> parse_bytes(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty()) return bad_bytes(text, "it is empty");
  if (rest.front() == '-') return bad_bytes(text, "a size cannot be negative");
  Decimal value;
  if (auto problem = take_decimal(rest, value)) return bad_bytes(text, *std::move(problem));
  const std::string_view name = take_unit(rest);
  if (!rest.empty()) return bad_bytes(text, "'" + std::string{rest} + "' follows the unit");
  const Unit* unit = name.empty() ? &kByteUnits[0] : find_unit(kByteUnits, name);
  if (unit == nullptr) return bad_bytes(text, "no unit is called '" + std::string{name} + "'");
  std::uint64_t bytes = 0;
  if (auto problem = scale_exactly(value, *unit, ~std::uint64_t{0}, bytes)) {
    return bad_bytes(text, *std::move(problem));
  }
  return ByteCount{bytes};
}

std::string format_duration(Micros duration) {
  if (duration.count() == 0) return "0s";
  const bool negative = duration.count() < 0;
  // Through unsigned, so that the most negative value has an absolute value.
  const auto micros = negative ? ~static_cast<std::uint64_t>(duration.count()) + 1
                               : static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : kDurationUnits) {
    if (micros % unit.factor == 0) {
      return (negative ? "-" : "") + std::to_string(micros / unit.factor) + std::string{unit.name};
    }
  }
  return {};  // not reached: every number divides by the factor of "us"
}

std::string format_bytes(ByteCount bytes) {
  const Scaled scaled = scale_for_people(static_cast<double>(bytes.value), 1, 1);
  return std::string{scaled.number.data()} + " " + std::string{kPowers[scaled.power]} + "B";
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string format_rate(double per_second) {
  if (!std::isfinite(per_second)) return "-";
  const bool negative = per_second < 0;
  const Scaled scaled = scale_for_people(std::fabs(per_second), 2, 1);
  std::string out = (negative ? "-" : "") + std::string{scaled.number.data()};
  if (scaled.power > 0) out += " " + std::string{kPowers[scaled.power]};
  return out;
}

}  // namespace flow
