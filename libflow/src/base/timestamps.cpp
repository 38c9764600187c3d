#include "flow/base/int128.hpp"
#include "flow/base/units.hpp"

#include <array>
#include <cstdio>
#include <optional>

namespace flow {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

struct CivilDate {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar: years start in March, so that the leap
// day is the last day of its year; 400 years are 146,097 days.
constexpr std::int64_t days_from_civil(const CivilDate& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t shifted_month = (static_cast<std::int64_t>(date.month) + 9) % 12;
  const std::int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr CivilDate civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto month =
      static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

static_assert(days_from_civil({1970, 1, 1}) == 0 && days_from_civil({2000, 2, 29}) == 11'016);

constexpr unsigned days_in_month(std::int64_t year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Reads a text from the front; nothing is consumed by a read that fails.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_{text} {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }

  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Between `least` and `most` digits, as many as there are.
  bool digits(unsigned least, unsigned most, std::int64_t& into) {
    unsigned used = 0;
    std::int64_t number = 0;
    while (used < most && used < rest_.size() && rest_[used] >= '0' && rest_[used] <= '9') {
      number = number * 10 + (rest_[used] - '0');
      ++used;
    }
    if (used < least) return false;
    rest_.remove_prefix(used);
    into = number;
    return true;
  }

  bool two(std::int64_t& into) { return digits(2, 2, into); }

 private:
  std::string_view rest_;
};

// A reason, or null for success. Reasons are literals: a bad row must not cost an allocation here.
using Problem = const char*;

Problem take_date(Cursor& cursor, std::int64_t& days) {
  // Years beyond four digits carry a sign (ISO 8601, expanded representation).
  const bool minus = cursor.take('-');
  const bool plus = !minus && cursor.take('+');
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!cursor.digits(4, plus || minus ? 7 : 4, year)) return "the year needs four digits";
  if (minus) year = -year;
  if (!cursor.take('-') || !cursor.two(month)) return "expected '-' and the month in two digits";
  if (month < 1 || month > 12) return "the month is not between 01 and 12";
  if (!cursor.take('-') || !cursor.two(day)) return "expected '-' and the day in two digits";
  const auto month_number = static_cast<unsigned>(month);
  if (day < 1 || day > days_in_month(year, month_number)) return "the month has no such day";
  days = days_from_civil({year, month_number, static_cast<unsigned>(day)});
  return nullptr;
}

Problem take_time(Cursor& cursor, std::int64_t& micros) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t fraction = 0;
  if (!cursor.two(hour) || !cursor.take(':') || !cursor.two(minute)) {
    return "the time is not of the form 09:00:00";
  }
  if (cursor.take(':')) {
    if (!cursor.two(second)) return "the seconds need two digits";
    if (cursor.take('.')) {
      if (!cursor.at_digit()) return "digits are missing after the point";
      std::int64_t scale = kMicrosPerSecond;
      for (unsigned used = 0; cursor.at_digit(); ++used) {
        if (used == 9) return "the fraction has more than nine digits";
        std::int64_t digit = 0;
        cursor.digits(1, 1, digit);
        scale /= 10;
        fraction += digit * scale;  // digits beyond microseconds count zero
      }
    }
  }
  // 24:00:00 is the end of the day, second 60 a leap second: both are the instant that follows.
  const bool end_of_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
  if ((hour > 23 && !end_of_day) || minute > 59 || second > 60) return "no such time of day";
  micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return nullptr;
}

// `Z`, `+02`, `+02:00`, `+0200` or nothing.
Problem take_offset(Cursor& cursor, std::int64_t& micros) {
  micros = 0;
  if (cursor.at_end() || cursor.take('Z') || cursor.take('z')) return nullptr;
  const bool minus = cursor.take('-');
  if (!minus && !cursor.take('+')) return "unexpected characters after the time";
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  if (!cursor.two(hours)) return "the offset needs two digits for the hours";
  const bool colon = cursor.take(':');
  if ((colon || cursor.at_digit()) && !cursor.two(minutes)) {
    return "the offset needs two digits for the minutes";
  }
  if (hours > 18 || minutes > 59) return "no such offset";
  micros = (hours * 60 + minutes) * 60 * kMicrosPerSecond;
  if (minus) micros = -micros;
  return nullptr;
}

Problem read_timestamp(std::string_view text, EventTime& into) {
  Cursor cursor{text};
  std::int64_t days = 0;
  if (Problem problem = take_date(cursor, days)) return problem;
  std::int64_t time = 0;
  std::int64_t offset = 0;
  if (!cursor.at_end()) {
    if (!cursor.take('T') && !cursor.take(' ') && !cursor.take('t')) {
      return "expected 'T' or a space after the date";
    }
    if (Problem problem = take_time(cursor, time)) return problem;
    if (Problem problem = take_offset(cursor, offset)) return problem;
    if (!cursor.at_end()) return "unexpected characters after the time";
  }
  const Int128 micros = static_cast<Int128>(days) * kMicrosPerDay + time - offset;
  // The two extremes stand for "before and after all time".
  if (micros <= EventTime::min().micros || micros >= EventTime::max().micros) {
    return "it is outside the range of timestamps, years -290307 to 294247";
  }
  into.micros = static_cast<std::int64_t>(micros);
  return nullptr;
}

std::string_view format_civil(std::array<char, 64>& buffer, std::int64_t days) {
  const CivilDate date = civil_from_days(days);
  const char* form = date.year < 0      ? "-%04lld-%02u-%02u"
                     : date.year > 9999 ? "+%lld-%02u-%02u"
                                        : "%04lld-%02u-%02u";
  const auto year = static_cast<long long>(date.year < 0 ? -date.year : date.year);
  const int size = std::snprintf(buffer.data(), buffer.size(), form, year, date.month, date.day);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string format_timestamp(EventTime time) {
  if (time == EventTime::min()) return "-infinity";
  if (time == EventTime::max()) return "infinity";
  std::int64_t days = time.micros / kMicrosPerDay;
  std::int64_t micros = time.micros % kMicrosPerDay;
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  std::array<char, 64> buffer;
  std::string out{format_civil(buffer, days)};
  const std::int64_t seconds = micros / kMicrosPerSecond;
  std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  out += buffer.data();
  if (const std::int64_t fraction = micros % kMicrosPerSecond; fraction != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%06d", static_cast<int>(fraction));
    out += buffer.data();
  }
  return out + "Z";
}

Result<EventTime> parse_timestamp(std::string_view text) {
  if (text == "infinity") return EventTime::max();
  if (text == "-infinity") return EventTime::min();
  EventTime time;
  if (Problem problem = read_timestamp(text, time)) {
    return Error{Errc::bad_argument, "'" + std::string{text} + "' is not a timestamp"}
        .with_cause(problem)
        .with_remedy("write ISO 8601, for example 2008-03-14T09:00:00Z");
  }
  return time;
}

std::string format_date(std::int32_t days) {
  std::array<char, 64> buffer;
  return std::string{format_civil(buffer, days)};
}

Result<std::int32_t> parse_date(std::string_view text) {
  Cursor cursor{text};
  std::int64_t days = 0;
  Problem problem = take_date(cursor, days);
  if (problem == nullptr && !cursor.at_end()) problem = "unexpected characters after the date";
  if (problem == nullptr && (days < INT32_MIN || days > INT32_MAX)) {
    problem = "it is outside the range of dates";
  }
  if (problem != nullptr) {
    return Error{Errc::bad_argument, "'" + std::string{text} + "' is not a date"}
        .with_cause(problem)
        .with_remedy("write ISO 8601, for example 2008-03-14");
  }
  return static_cast<std::int32_t>(days);
}

}  // namespace flow
