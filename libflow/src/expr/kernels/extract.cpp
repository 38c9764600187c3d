#include "calendar.hpp"
#include "functions.hpp"
#include "operands.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace flow::expr {

namespace {

enum class Part : std::uint8_t {
  microsecond,
  millisecond,
  second,
  minute,
  hour,
  day,
  week,
  month,
  quarter,
  year,
  decade,
  century,
  millennium,
  isoyear,
  dow,
  isodow,
  doy,
  julian,
  epoch,
};

struct PartName {
  std::string_view name;
  Part part;
};
constexpr std::array kPartNames{
    PartName{"microseconds", Part::microsecond},
    PartName{"microsecond", Part::microsecond},
    PartName{"us", Part::microsecond},
    PartName{"milliseconds", Part::millisecond},
    PartName{"millisecond", Part::millisecond},
    PartName{"ms", Part::millisecond},
    PartName{"second", Part::second},
    PartName{"seconds", Part::second},
    PartName{"minute", Part::minute},
    PartName{"minutes", Part::minute},
    PartName{"hour", Part::hour},
    PartName{"hours", Part::hour},
    PartName{"day", Part::day},
    PartName{"days", Part::day},
    PartName{"week", Part::week},
    PartName{"weeks", Part::week},
    PartName{"month", Part::month},
    PartName{"months", Part::month},
    PartName{"quarter", Part::quarter},
    PartName{"year", Part::year},
    PartName{"years", Part::year},
    PartName{"decade", Part::decade},
    PartName{"decades", Part::decade},
    PartName{"century", Part::century},
    PartName{"centuries", Part::century},
    PartName{"millennium", Part::millennium},
    PartName{"isoyear", Part::isoyear},
    PartName{"dow", Part::dow},
    PartName{"isodow", Part::isodow},
    PartName{"doy", Part::doy},
    PartName{"julian", Part::julian},
    PartName{"epoch", Part::epoch},
};

struct PreparedPart final : Prepared {
  explicit PreparedPart(Part the_part) : part{the_part} {}
  Part part;
};

std::optional<Part> find_part(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const auto& entry : kPartNames)
    if (entry.name == lower) return entry.part;
  return std::nullopt;
}

bool is_time_of_day(Part part) {
  return part == Part::microsecond || part == Part::millisecond || part == Part::second ||
         part == Part::minute || part == Part::hour;
}
bool is_of_interval(Part part) {
  return part != Part::week && part != Part::isoyear && part != Part::dow && part != Part::isodow &&
         part != Part::doy && part != Part::julian;
}
/// What grows without bound: infinity has one; of the others infinity has none.
bool is_monotonic(Part part) {
  return part == Part::year || part == Part::decade || part == Part::century ||
         part == Part::millennium || part == Part::isoyear || part == Part::julian ||
         part == Part::epoch;
}

// There is no year 0 in what people read: 0 is 1 BC, shown as -1.
std::int64_t shown_year(std::int64_t year) { return year > 0 ? year : year - 1; }

double of_time(Part part, std::int64_t time_of_day) {
  switch (part) {
    // Whole seconds and fraction apart, so that results are PostgreSQL's to the last bit.
    case Part::microsecond:
      return static_cast<double>(time_of_day % kMinute);
    case Part::millisecond:
      return static_cast<double>(time_of_day % kMinute / kSecond) * 1e3 +
             static_cast<double>(time_of_day % kSecond) / 1e3;
    case Part::second:
      return static_cast<double>(time_of_day % kMinute / kSecond) +
             static_cast<double>(time_of_day % kSecond) / 1e6;
    case Part::minute:
      return static_cast<double>(time_of_day / kMinute % 60);
    default:
      return static_cast<double>(time_of_day / kHour);
  }
}

double of_day(Part part, std::int64_t days) {
  switch (part) {
    case Part::dow:
      return day_of_week(days);
    case Part::isodow:
      return day_of_week(days) == 0 ? 7 : day_of_week(days);
    case Part::julian:
      return static_cast<double>(days + kJulianEpoch);
    case Part::epoch:
      return static_cast<double>(days) * 86400.0;
    case Part::week:
      return iso_week_of(days).week;
    case Part::isoyear:
      return static_cast<double>(shown_year(iso_week_of(days).year));
    default:
      break;
  }
  const Civil date = civil_of(days);
  switch (part) {
    case Part::day:
      return date.day;
    case Part::month:
      return date.month;
    case Part::quarter:
      return (date.month - 1) / 3 + 1;
    case Part::year:
      return static_cast<double>(shown_year(date.year));
    case Part::decade:
      return static_cast<double>(floor_div(date.year, 10));
    case Part::century:
      return static_cast<double>(date.year > 0 ? (date.year + 99) / 100
                                               : -((99 - (date.year - 1)) / 100));
    case Part::millennium:
      return static_cast<double>(date.year > 0 ? (date.year + 999) / 1000
                                               : -((999 - (date.year - 1)) / 1000));
    case Part::doy:
      return static_cast<double>(days - days_of({date.year, 1, 1}) + 1);
    default:
      return 0;
  }
}

double of_timestamp(Part part, std::int64_t timestamp) {
  const auto [days, time] = day_and_time_of(timestamp);
  if (is_time_of_day(part)) return of_time(part, time);
  if (part == Part::epoch) return static_cast<double>(timestamp) / 1e6;
  if (part == Part::julian)
    return static_cast<double>(days + kJulianEpoch) +
           (static_cast<double>(time / kSecond) + static_cast<double>(time % kSecond) / 1e6) /
               86400.0;
  return of_day(part, days);
}

double of_interval(Part part, const Interval& value) {
  switch (part) {
    case Part::day:
      return value.days;
    case Part::month:
      return value.months % 12;
    case Part::quarter:
      return value.months % 12 / 3 + 1;
    case Part::year:
      return value.months / 12;
    case Part::decade:
      return value.months / 120;
    case Part::century:
      return value.months / 1200;
    case Part::millennium:
      return value.months / 12000;
    case Part::epoch:
      return static_cast<double>(value.micros) / 1e6 + value.months / 12 * (365.25 * 86400) +
             value.months % 12 * (30.0 * 86400) + value.days * 86400.0;
    default:
      return of_time(part, value.micros);
  }
}

Status extract_timestamp(const Call& call, Column& out) {
  const Part part = static_cast<const PreparedPart&>(*call.node.prepared).part;
  auto* result = out.values.mutable_as<double>();
  Buffer nulls;
  with_operand<std::int64_t>(*call.args[0], [&](auto value) {
    call.rows.for_each([&](std::uint32_t row) {
      const std::int64_t timestamp = value[row];
      if (!is_infinite(timestamp)) [[likely]] {
        result[row] = of_timestamp(part, timestamp);
        return;
      }
      result[row] = timestamp > 0 ? std::numeric_limits<double>::infinity()
                                  : -std::numeric_limits<double>::infinity();
      if (is_monotonic(part)) return;
      if (nulls.empty()) {
        nulls = make_bitmap(call.rows.count, call.context.pool);
        if (call.valid == nullptr) {
          std::memset(nulls.mutable_data(), 0xFF, words_for(call.rows.count) * 8);
        } else {
          std::memcpy(nulls.mutable_data(), call.valid, words_for(call.rows.count) * 8);
        }
      }
      mutable_words(nulls)[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
    });
  });
  if (!nulls.empty()) set_validity(out, std::move(nulls), call.rows.count);
  return Done{};
}

Status extract_date(const Call& call, Column& out) {
  const Part part = static_cast<const PreparedPart&>(*call.node.prepared).part;
  auto* result = out.values.mutable_as<double>();
  return with_operand<std::int32_t>(*call.args[0], [&](auto value) -> Status {
    call.rows.for_each([&](std::uint32_t row) { result[row] = of_day(part, value[row]); });
    return Done{};
  });
}

Status extract_interval(const Call& call, Column& out) {
  const Part part = static_cast<const PreparedPart&>(*call.node.prepared).part;
  auto* result = out.values.mutable_as<double>();
  return with_operand<Interval>(*call.args[0], [&](auto value) -> Status {
    call.rows.for_each([&](std::uint32_t row) { result[row] = of_interval(part, value[row]); });
    return Done{};
  });
}

std::int64_t trunc_year(Part part, std::int64_t year) {
  switch (part) {
    case Part::decade:
      return year > 0 ? year / 10 * 10 : -((8 - (year - 1)) / 10) * 10;
    case Part::century:
      return year > 0 ? (year + 99) / 100 * 100 - 99 : -((99 - (year - 1)) / 100) * 100 + 1;
    case Part::millennium:
      return year > 0 ? (year + 999) / 1000 * 1000 - 999 : -((999 - (year - 1)) / 1000) * 1000 + 1;
    default:
      return year;
  }
}

std::int64_t trunc_days(Part part, std::int64_t days) {
  if (part == Part::week) return days - (day_of_week(days) + 6) % 7;
  const Civil date = civil_of(days);
  switch (part) {
    case Part::month:
      return days - date.day + 1;
    case Part::quarter:
      return days_of({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    default:
      return days_of({trunc_year(part, date.year), 1, 1});
  }
}

std::int64_t unit_of(Part part) {
  switch (part) {
    case Part::microsecond:
      return 1;
    case Part::millisecond:
      return 1000;
    case Part::second:
      return kSecond;
    case Part::minute:
      return kMinute;
    case Part::hour:
      return kHour;
    case Part::day:
      return kDay;
    default:
      return 0;
  }
}

}  // namespace

std::shared_ptr<const Prepared> prepare_extract(std::string_view field, DataType type) {
  const auto part = find_part(field);
  if (!part || (type == types::date && is_time_of_day(*part)) ||
      (type == kInterval && !is_of_interval(*part)))
    return nullptr;
  return std::make_shared<PreparedPart>(*part);
}

std::shared_ptr<const Prepared> prepare_date_trunc(std::string_view unit) {
  const auto part = find_part(unit);
  if (!part || *part == Part::isoyear || *part == Part::dow || *part == Part::isodow ||
      *part == Part::doy || *part == Part::julian || *part == Part::epoch)
    return nullptr;
  return std::make_shared<PreparedPart>(*part);
}

KernelFunction extract_kernel(DataType type) {
  if (type == types::timestamp) return extract_timestamp;
  if (type == types::date) return extract_date;
  if (type == kInterval) return extract_interval;
  return nullptr;
}

Status kernel_date_trunc(const Call& call, Column& out) {
  const Part part = static_cast<const PreparedPart&>(*call.node.prepared).part;
  auto* result = out.values.mutable_as<std::int64_t>();
  const std::int64_t unit = unit_of(part);
  return with_operand<std::int64_t>(*call.args[0], [&](auto value) -> Status {
    Status status;
    call.rows.for_each([&](std::uint32_t row) {
      const std::int64_t timestamp = value[row];
      result[row] = timestamp;
      if (is_infinite(timestamp)) return;
      const std::int64_t start =
          unit > 0 ? floor_div(timestamp, unit) : trunc_days(part, floor_div(timestamp, kDay));
      const bool bad = __builtin_mul_overflow(start, unit > 0 ? unit : kDay, &result[row]);
      if ((bad || result[row] < kFirstTimestamp) && status && call.is_valid(row))
        status = call.raise(row, Errc::time_out_of_range, "timestamp out of range in date_trunc");
    });
    return status;
  });
}

}  // namespace flow::expr
