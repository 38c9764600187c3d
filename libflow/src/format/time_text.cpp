#include "time_text.hpp"

#include "field_parse.hpp"
#include "time_zone.hpp"

#include <array>
#include <limits>

namespace flow {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

/// Reads two digits, or returns a number above 99.
unsigned two(const char* at) noexcept {
  const auto high = static_cast<unsigned char>(at[0] - '0');
  const auto low = static_cast<unsigned char>(at[1] - '0');
  return high > 9 || low > 9 ? 1000 : high * 10u + low;
}

/// Days since 1970 of a date of the proleptic Gregorian calendar; nothing if there is no such day.
std::optional<std::int64_t> days_of(std::int64_t year, unsigned month, unsigned day) {
  static constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month < 1 || month > 12 || day < 1 || day > kDays[month - 1] + (leap && month == 2 ? 1 : 0))
    return std::nullopt;
  year -= month <= 2 ? 1 : 0;
  const auto era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = year - era * 400;
  const auto day_of_year = (153 * ((static_cast<std::int64_t>(month) + 9) % 12) + 2) / 5 +
                           static_cast<std::int64_t>(day) - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower(text[i]) != word[i]) return false;
  return true;
}

/// What a format has found so far.
struct Parts {
  std::int64_t year = 1970;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  unsigned day_of_year = 0;
  std::int64_t micros = 0;
  std::optional<bool> afternoon;
  std::optional<std::int64_t> offset_seconds;
  std::optional<std::int64_t> epoch_seconds;
};

class FormatReader {
 public:
  FormatReader(std::string_view text, Parts& parts) : rest_{text}, parts_{parts} {}

  bool read(std::string_view format) {
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] == ' ') {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
      } else if (format[i] != '%' || i + 1 == format.size()) {
        if (!take(format[i])) return false;
      } else if (!directive(format[++i])) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  template <class T>
  bool number(std::size_t most, T& into) {
    std::uint64_t value = 0;
    std::size_t used = 0;
    while (used < most && used < rest_.size() && rest_[used] >= '0' && rest_[used] <= '9')
      value = value * 10 + static_cast<std::uint64_t>(rest_[used++] - '0');
    rest_.remove_prefix(used);
    into = static_cast<T>(value);
    return used > 0;
  }
  bool fraction() {
    std::int64_t scale = kSecond;
    std::size_t used = 0;
    parts_.micros = 0;
    for (; used < 9 && used < rest_.size() && rest_[used] >= '0' && rest_[used] <= '9'; ++used) {
      scale /= 10;
      parts_.micros += scale * (rest_[used] - '0');
    }
    rest_.remove_prefix(used);
    return used > 0;
  }
  bool month_name() {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      const auto full = starts_with_word(rest_, kMonths[i]);
      if (!full && !starts_with_word(rest_, kMonths[i].substr(0, 3))) continue;
      rest_.remove_prefix(full ? kMonths[i].size() : 3);
      parts_.month = static_cast<unsigned>(i) + 1;
      return true;
    }
    return false;
  }
  bool offset() {
    if (take('Z') || take('z')) {
      parts_.offset_seconds = 0;
      return true;
    }
    const bool minus = take('-');
    if (!minus && !take('+')) return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!number(2, hours)) return false;
    (void)take(':');
    if (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && !number(2, minutes))
      return false;
    if (hours > 23 || minutes > 59) return false;
    const auto seconds = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
    parts_.offset_seconds = minus ? -seconds : seconds;
    return true;
  }
  bool directive(char which) {
    switch (which) {
      case 'Y':
        return number(4, parts_.year);
      case 'y': {
        if (!number(2, parts_.year)) return false;
        parts_.year += parts_.year < 69 ? 2000 : 1900;
        return true;
      }
      case 'm':
        return number(2, parts_.month);
      case 'd':
        return number(2, parts_.day);
      case 'e': {
        (void)take(' ');
        return number(2, parts_.day);
      }
      case 'j':
        return number(3, parts_.day_of_year);
      case 'H':
        return number(2, parts_.hour);
      case 'I': {
        if (!parts_.afternoon) parts_.afternoon = false;
        return number(2, parts_.hour);
      }
      case 'M':
        return number(2, parts_.minute);
      case 'S':
        return number(2, parts_.second);
      case 'f':
        return fraction();
      case 'b':
      case 'B':
      case 'h':
        return month_name();
      case 'p': {
        if (!starts_with_word(rest_, "am") && !starts_with_word(rest_, "pm")) return false;
        parts_.afternoon = lower(rest_.front()) == 'p';
        rest_.remove_prefix(2);
        return true;
      }
      case 'z':
        return offset();
      case 's': {
        const bool minus = take('-');
        std::int64_t seconds = 0;
        if (!number(12, seconds)) return false;
        parts_.epoch_seconds = minus ? -seconds : seconds;
        return true;
      }
      case 'F':
        return read("%Y-%m-%d");
      case 'T':
        return read("%H:%M:%S");
      case 'R':
        return read("%H:%M");
      case '%':
        return take('%');
      default:
        return false;
    }
  }

  std::string_view rest_;
  Parts& parts_;
};

constexpr std::string_view kDirectives = "YymdejHIMSfbBhpzsFTR%";

}  // namespace

Result<TimeText> TimeText::make(const ColumnText& text) {
  TimeText time;
  time.cached_date_ = field::load8("1970-01-01T00:00");
  time.cached_minute_ = field::load8("01T00:00");
  for (std::size_t i = 0; i < text.format.size(); ++i) {
    if (text.format[i] != '%') continue;
    if (i + 1 == text.format.size() ||
        kDirectives.find(text.format[i + 1]) == std::string_view::npos)
      return Error{Errc::bad_format,
                   "the time format '" + text.format + "' has an unknown directive"}
          .with_remedy("known are %Y %y %m %d %e %j %b %B %H %I %p %M %S %f %z %s %F %T %R %%");
    ++i;
  }
  time.format_ = text.format;
  time.unit_ = text.unit;
  if (text.unit == "s") {
    time.unit_micros_ = kSecond;
  } else if (text.unit == "ms") {
    time.unit_micros_ = 1'000;
  } else if (text.unit == "us") {
    time.unit_micros_ = 1;
  } else if (text.unit == "ns") {
    time.unit_divisor_ = 1'000;
  } else if (!text.unit.empty()) {
    return Error{Errc::bad_format, "unknown unit '" + text.unit + "'"}.with_remedy(
        "use s, ms, us or ns");
  }
  if (!text.zone.empty() && text.zone != "UTC") {
    FLOW_ASSIGN(time.zone_, TimeZone::find(text.zone));
  }
  time.plain_ = text.format.empty() && text.unit.empty() && time.zone_ == nullptr;
  return time;
}

/// `YYYY-MM-DD?HH:MM:SS[.f{1,6}][Z]`; anything else is for parse_slow().
bool TimeText::parse_iso(std::string_view text, std::int64_t& micros) noexcept {
  if (text.size() < 19 || text.size() > 27) return false;
  const auto* at = text.data();
  const auto date = field::load8(at);
  const auto minute_of_day = field::load8(at + 8);
  if (date != cached_date_ || minute_of_day != cached_minute_) {
    const auto century = two(at);
    const auto year = two(at + 2);
    const auto month = two(at + 5);
    const auto day = two(at + 8);
    const auto hour = two(at + 11);
    const auto minute = two(at + 14);
    if (century > 99 || year > 99 || at[4] != '-' || at[7] != '-') return false;
    if ((at[10] != 'T' && at[10] != ' ') || at[13] != ':' || hour > 23 || minute > 59) return false;
    // Days often stay where minutes do not.
    if (date != cached_date_ || day != cached_day_) {
      const auto days = days_of(century * 100 + year, month, day);
      if (!days) return false;
      cached_day_ = day;
      cached_days_ = *days;
    }
    cached_date_ = date;
    cached_minute_ = minute_of_day;
    cached_micros_ = cached_days_ * kDay + std::int64_t{hour * 60 + minute} * 60 * kSecond;
  }
  const auto second = two(at + 17);
  if (at[16] != ':' || second > 59) return false;
  auto result = cached_micros_ + std::int64_t{second} * kSecond;
  auto size = text.size();
  if (at[size - 1] == 'Z') --size;
  if (size > 19) {
    if (at[19] != '.' || size == 20 || size > 26) return false;
    // The last eight characters, those before the fraction replaced by zeros.
    const auto digits = size - 20;
    auto word = field::load8(at + size - 8);
    word = (word >> (64 - digits * 8) << (64 - digits * 8)) | (0x3030303030303030u >> (digits * 8));
    if (!field::are_digits(word)) return false;
    static constexpr std::int64_t kScale[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
    result += static_cast<std::int64_t>(field::value_of_word(word)) * kScale[digits];
  }
  micros = result;
  return true;
}

bool TimeText::parse_slow(std::string_view text, std::int64_t& micros) {
  if (!format_.empty()) return parse_format(text, micros);
  if (!unit_.empty()) {
    // With a unit, a bare number counts from 1970; anything else must still be ISO 8601.
    std::int64_t number = 0;
    bool digits = !text.empty();
    bool overflow = false;
    const bool minus = text.starts_with('-');
    for (const auto c : text.substr(minus ? 1 : 0)) {
      digits = digits && c >= '0' && c <= '9';
      if (!digits) break;
      overflow |= __builtin_mul_overflow(number, 10, &number);
      overflow |= __builtin_sub_overflow(number, c - '0', &number);
    }
    if (digits && text.size() > (minus ? 1u : 0u)) {
      if (overflow || (!minus && number == std::numeric_limits<std::int64_t>::min())) {
        problem_ = "is out of the range of timestamp";
        return false;
      }
      return from_integer(minus ? number : -number, micros);
    }
  }
  if (zone_ == nullptr) {
    auto parsed = parse_timestamp(text);
    if (!parsed) {
      problem_ = "is not a timestamp: " + parsed.error().reason();
      return false;
    }
    micros = parsed->micros;
    return true;
  }
  // A text with an offset of its own needs no zone.
  const auto tail = text.size() > 10 ? text.substr(10) : std::string_view{};
  const bool has_offset = tail.find_first_of("Zz+") != std::string_view::npos ||
                          tail.find('-') != std::string_view::npos;
  auto parsed = parse_timestamp(text);
  if (!parsed) {
    problem_ = "is not a timestamp: " + parsed.error().reason();
    return false;
  }
  micros = has_offset ? parsed->micros : zone_->to_utc(parsed->micros);
  return true;
}

bool TimeText::from_integer(std::int64_t number, std::int64_t& micros) {
  if (unit_divisor_ != 0) {
    micros = number / unit_divisor_ - (number % unit_divisor_ < 0 ? 1 : 0);
    return true;
  }
  if (unit_micros_ == 0) {
    problem_ = "is a number; a timestamp column needs `unit: s`, `ms`, `us` or `ns` for that";
    return false;
  }
  if (__builtin_mul_overflow(number, unit_micros_, &micros)) {
    problem_ = "is out of the range of timestamp";
    return false;
  }
  return true;
}

bool TimeText::parse_format(std::string_view text, std::int64_t& micros) {
  Parts parts;
  FormatReader reader{text, parts};
  if (!reader.read(format_) || !reader.at_end()) {
    problem_ = "does not have the form '" + format_ + "'";
    return false;
  }
  if (parts.epoch_seconds) {
    if (__builtin_mul_overflow(*parts.epoch_seconds, kSecond, &micros)) {
      problem_ = "is out of the range of timestamp";
      return false;
    }
    micros += parts.micros;
    return true;
  }
  if (parts.afternoon) {
    if (parts.hour < 1 || parts.hour > 12) {
      problem_ = "has an hour outside 1 to 12";
      return false;
    }
    parts.hour = parts.hour % 12 + (*parts.afternoon ? 12 : 0);
  }
  auto days = days_of(parts.year, parts.month, parts.day);
  if (parts.day_of_year != 0) {
    days = days_of(parts.year, 1, 1);
    const auto last = days_of(parts.year, 12, 31);
    if (!days || *days + parts.day_of_year - 1 > *last) days = std::nullopt;
    if (days) *days += parts.day_of_year - 1;
  }
  if (!days || parts.hour > 23 || parts.minute > 59 || parts.second > 60) {
    problem_ = "is no day or time that exists";
    return false;
  }
  micros = *days * kDay +
           std::int64_t{(parts.hour * 60 + parts.minute) * 60 + parts.second} * kSecond +
           parts.micros;
  if (parts.offset_seconds) {
    micros -= *parts.offset_seconds * kSecond;
  } else if (zone_ != nullptr) {
    micros = zone_->to_utc(micros);
  }
  return true;
}

bool TimeText::parse_days(std::string_view text, std::int32_t& days) {
  if (!format_.empty()) {
    std::int64_t micros = 0;
    if (!parse_format(text, micros)) return false;
    days = static_cast<std::int32_t>(micros / kDay - (micros % kDay < 0 ? 1 : 0));
    return true;
  }
  auto parsed = parse_date(text);
  if (!parsed) {
    problem_ = "is not a date: " + parsed.error().reason();
    return false;
  }
  days = *parsed;
  return true;
}

}  // namespace flow
