#include "calendar.hpp"
#include "kernels.hpp"
#include "operands.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace flow::expr {

namespace {

enum class Kind : std::uint8_t { months, days, micros };
struct Unit {
  std::string_view name;
  Kind kind;
  std::int64_t size;
};
constexpr std::array kUnits{
    Unit{"microsecond", Kind::micros, 1},
    Unit{"us", Kind::micros, 1},
    Unit{"usec", Kind::micros, 1},
    Unit{"millisecond", Kind::micros, 1000},
    Unit{"ms", Kind::micros, 1000},
    Unit{"msec", Kind::micros, 1000},
    Unit{"second", Kind::micros, kSecond},
    Unit{"sec", Kind::micros, kSecond},
    Unit{"s", Kind::micros, kSecond},
    Unit{"minute", Kind::micros, kMinute},
    Unit{"min", Kind::micros, kMinute},
    Unit{"m", Kind::micros, kMinute},
    Unit{"hour", Kind::micros, kHour},
    Unit{"hr", Kind::micros, kHour},
    Unit{"h", Kind::micros, kHour},
    Unit{"day", Kind::days, 1},
    Unit{"d", Kind::days, 1},
    Unit{"week", Kind::days, 7},
    Unit{"w", Kind::days, 7},
    Unit{"month", Kind::months, 1},
    Unit{"mon", Kind::months, 1},
    Unit{"year", Kind::months, 12},
    Unit{"yr", Kind::months, 12},
    Unit{"y", Kind::months, 12},
    Unit{"decade", Kind::months, 120},
    Unit{"century", Kind::months, 1200},
    Unit{"centurie", Kind::months, 1200},
    Unit{"millennium", Kind::months, 12000},
};

const Unit* find_unit(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const auto& unit : kUnits)
    if (unit.name == name) return &unit;
  if (name.size() > 2 && name.back() == 's') {
    name.pop_back();
    for (const auto& unit : kUnits)
      if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// Reads an interval from the front of a text.
class IntervalReader {
 public:
  explicit IntervalReader(std::string_view text) : rest_{text} {}

  bool read(std::string_view default_unit, Interval& into) {
    skip_blanks();
    if (rest_.empty()) return false;
    if (rest_[0] == 'P' || (rest_.size() > 1 && rest_[0] == '-' && rest_[1] == 'P')) return false;
    bool any = false;
    bool ago = false;
    while (!rest_.empty()) {
      if (rest_ == "ago" && any) {
        ago = true;
        rest_ = {};
        break;
      }
      if (!item(default_unit)) return false;
      any = true;
      skip_blanks();
    }
    if (!any || overflow_) return false;
    const double sign = ago ? -1 : 1;
    if (std::abs(months_) > 2147483647.0 || std::abs(days_) > 2147483647.0 ||
        std::abs(micros_) > 9.2e18L)
      return false;
    into.months = static_cast<std::int32_t>(sign * months_);
    into.days = static_cast<std::int32_t>(sign * days_);
    into.micros = static_cast<std::int64_t>(static_cast<long double>(sign) * micros_);
    return true;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n'))
      rest_.remove_prefix(1);
  }
  bool digits(std::int64_t& value) {
    if (rest_.starts_with('-')) return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || end == rest_.data()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  bool fraction(double& value) {
    value = 0;
    if (rest_.empty() || rest_[0] != '.') return true;
    rest_.remove_prefix(1);
    double scale = 0.1;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value += (rest_[0] - '0') * scale;
      scale /= 10;
      rest_.remove_prefix(1);
    }
    return true;
  }
  bool item(std::string_view default_unit) {
    double sign = 1;
    if (rest_[0] == '-' || rest_[0] == '+') {
      sign = rest_[0] == '-' ? -1 : 1;
      rest_.remove_prefix(1);
    }
    if (rest_.empty() || !((rest_[0] >= '0' && rest_[0] <= '9') || rest_[0] == '.')) return false;
    std::int64_t whole = 0;
    if (rest_[0] != '.' && !digits(whole)) return false;
    if (!rest_.empty() && rest_[0] == ':') return clock(sign, whole);
    double part = 0;
    if (!fraction(part)) return false;
    skip_blanks();
    std::string name;
    while (!rest_.empty() &&
           ((rest_[0] >= 'a' && rest_[0] <= 'z') || (rest_[0] >= 'A' && rest_[0] <= 'Z'))) {
      if (name.empty() && rest_ == "ago") break;
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    const Unit* unit = find_unit(
        name.empty() ? std::string{default_unit.empty() ? "second" : default_unit} : name);
    if (unit == nullptr) return false;
    add(*unit, sign, whole, part);
    return true;
  }
  bool clock(double sign, std::int64_t hours) {
    std::int64_t minutes = 0;
    std::int64_t seconds = 0;
    double part = 0;
    rest_.remove_prefix(1);
    if (!digits(minutes) || minutes > 59) return false;
    if (!rest_.empty() && rest_[0] == ':') {
      rest_.remove_prefix(1);
      if (!digits(seconds) || seconds > 59 || !fraction(part)) return false;
    }
    if (hours > 2'000'000'000) return false;
    micros_ += static_cast<long double>(sign) *
               (static_cast<long double>((hours * 60 + minutes) * 60 + seconds) * 1e6L +
                std::rint(part * 1e6));
    return true;
  }
  // Fractions flow down: 1.5 months are one month and 15 days, 1.5 days one day and 12 hours.
  void add(const Unit& unit, double sign, std::int64_t whole, double part) {
    if (whole > 9'000'000'000'000'000) overflow_ = true;
    const auto size = static_cast<double>(unit.size);
    const auto count = static_cast<double>(whole);
    switch (unit.kind) {
      case Kind::months: {
        const double months = part * size;
        const double full = unit.size == 1 ? 0 : std::rint(months);
        months_ += sign * (count * size + full);
        if (unit.size == 1) add_days(sign * part * 30);
        break;
      }
      case Kind::days:
        days_ += sign * count * size;
        add_days(sign * part * size);
        break;
      case Kind::micros:
        micros_ += static_cast<long double>(sign) *
                   (static_cast<long double>(whole) * static_cast<long double>(unit.size) +
                    std::rint(part * size));
        break;
    }
  }
  void add_days(double days) {
    const double full = std::trunc(days);
    days_ += full;
    micros_ += std::rint((days - full) * static_cast<double>(kDay));
  }

  std::string_view rest_;
  double months_ = 0;
  double days_ = 0;
  long double micros_ = 0;
  bool overflow_ = false;
};

}  // namespace

Result<Interval> parse_interval(std::string_view text, std::string_view unit) {
  Interval result;
  if (IntervalReader{text}.read(unit, result)) return result;
  return Error{Errc::invalid_literal, show(text) + " is not an interval"}.with_remedy(
      "write numbers with units, such as '5 minutes' or '1 day 02:30'");
}

}  // namespace flow::expr
