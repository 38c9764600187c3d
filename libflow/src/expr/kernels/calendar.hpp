#pragma once

#include <cstdint>
#include <limits>

namespace flow::expr {

inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;
inline constexpr std::int64_t kJulianEpoch = 2440588;  ///< Julian day of 1970-01-01.

/// 4713-11-24 BC, the first day PostgreSQL knows.
inline constexpr std::int64_t kFirstDate = -kJulianEpoch;
/// AD 5874897-12-31, the last.
inline constexpr std::int64_t kLastDate = 2147483493 - kJulianEpoch;
inline constexpr std::int64_t kFirstTimestamp = kFirstDate * kDay;
/// The two extremes of int64 mean before and after all time.
inline constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();

inline constexpr bool is_infinite(std::int64_t timestamp) noexcept {
  return timestamp == kBeforeAll || timestamp == kAfterAll;
}

/// Astronomical years: 0 is 1 BC.
struct Civil {
  std::int64_t year;
  std::int32_t month;
  std::int32_t day;
};

constexpr std::int64_t days_of(Civil date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

/// Works for any day; the divisions are on 32 bits, unsigned, except the one for the era.
constexpr Civil civil_of(std::int64_t days) noexcept {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<std::uint32_t>(days - era * 146097);
  const std::uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint32_t shifted = (5 * day_of_year + 2) / 153;
  const auto month = static_cast<std::int32_t>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {std::int64_t{year_of_era} + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<std::int32_t>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

constexpr std::int32_t days_in_month(std::int64_t year, std::int32_t month) noexcept {
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept {
  const std::int64_t quotient = value / by;
  return quotient - (quotient * by > value ? 1 : 0);
}

/// A timestamp taken apart. The day's midnight itself may lie before the first timestamp.
struct DayAndTime {
  std::int64_t day;
  std::int64_t time;  ///< Microseconds since midnight, never negative.
};
constexpr DayAndTime day_and_time_of(std::int64_t timestamp) noexcept {
  const std::int64_t time = timestamp % kDay;
  return {timestamp / kDay - (time < 0 ? 1 : 0), time + (time < 0 ? kDay : 0)};
}

/// 0 = Sunday.
constexpr std::int32_t day_of_week(std::int64_t days) noexcept {
  return static_cast<std::int32_t>(((days + 4) % 7 + 7) % 7);
}

/// ISO 8601 week: the week of a day belongs to the year of its Thursday.
struct IsoWeek {
  std::int64_t year;
  std::int32_t week;
};
constexpr IsoWeek iso_week_of(std::int64_t days) noexcept {
  const std::int64_t thursday = days - (day_of_week(days) + 6) % 7 + 3;
  const std::int64_t year = civil_of(thursday).year;
  return {year, static_cast<std::int32_t>((thursday - days_of({year, 1, 1})) / 7 + 1)};
}

static_assert(days_of({1970, 1, 1}) == 0 && days_of({2000, 2, 29}) == 11016);
static_assert(iso_week_of(days_of({2005, 1, 1})).week == 53);

}  // namespace flow::expr
