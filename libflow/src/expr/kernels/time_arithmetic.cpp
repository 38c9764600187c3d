#include "calendar.hpp"
#include "functions.hpp"
#include "kernels.hpp"
#include "operands.hpp"

#include "flow/base/int128.hpp"

#include <cmath>

namespace flow::expr {

namespace {

std::string show_timestamp(std::int64_t value) {
  std::string out = "'";
  append_timestamp(out, value);
  return out + "'";
}

bool in_range(Int128 timestamp) { return timestamp >= kFirstTimestamp && timestamp < kAfterAll; }

/// Months first (the day is cut to the month's length), then days, then time, as PostgreSQL does.
bool add(std::int64_t timestamp, const Interval& by, bool minus, std::int64_t& result) {
  const int sign = minus ? -1 : 1;
  auto [days, time] = day_and_time_of(timestamp);
  if (by.months != 0) {
    const Civil date = civil_of(days);
    const std::int64_t months = date.year * 12 + date.month - 1 + std::int64_t{sign} * by.months;
    const std::int64_t year = floor_div(months, 12);
    const auto month = static_cast<std::int32_t>(months - year * 12 + 1);
    days = days_of({year, month, std::min(date.day, days_in_month(year, month))});
  }
  const Int128 total = (static_cast<Int128>(days) + std::int64_t{sign} * by.days) * kDay + time +
                       static_cast<Int128>(sign) * by.micros;
  result = static_cast<std::int64_t>(total);
  return in_range(total);
}

Status shift(const Call& call, Column& out, bool minus) {
  auto* result = out.values.mutable_as<std::int64_t>();
  return with_operand<std::int64_t>(*call.args[0], [&](auto timestamp) {
    return with_operand<Interval>(*call.args[1], [&](auto interval) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        const std::int64_t before = timestamp[row];
        result[row] = before;
        if (is_infinite(before)) return;
        if (!add(before, interval[row], minus, result[row]) && status && call.is_valid(row)) {
          status = call.raise(row, Errc::time_out_of_range,
                              "timestamp out of range: " + show_timestamp(before) +
                                  (minus ? " - interval" : " + interval"));
        }
      });
      return status;
    });
  });
}

Status shift_date(const Call& call, Column& out, bool minus) {
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::int32_t>(*call.args[0], [&](auto date) {
    return with_operand<std::int32_t>(*call.args[1], [&](auto days) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        const std::int64_t sum =
            std::int64_t{date[row]} + (minus ? -std::int64_t{days[row]} : std::int64_t{days[row]});
        result[row] = static_cast<std::int32_t>(sum);
        if ((sum < kFirstDate || sum > kLastDate) && status && call.is_valid(row)) {
          std::string shown = "'";
          append_date(shown, date[row]);
          status = call.raise(
              row, Errc::time_out_of_range,
              "date out of range: " + shown + "'" + (minus ? " - " : " + ") + show(days[row]));
        }
      });
      return status;
    });
  });
}

template <bool kMinus>
Status combine_intervals(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<Interval>();
  return with_operand<Interval>(*call.args[0], [&](auto left) {
    return with_operand<Interval>(*call.args[1], [&](auto right) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        const Interval a = left[row];
        const Interval b = right[row];
        Interval sum;
        const auto apply = [](auto x, auto y, auto* to) {
          return kMinus ? __builtin_sub_overflow(x, y, to) : __builtin_add_overflow(x, y, to);
        };
        const bool bad = static_cast<int>(apply(a.months, b.months, &sum.months)) +
                             static_cast<int>(apply(a.days, b.days, &sum.days)) +
                             static_cast<int>(apply(a.micros, b.micros, &sum.micros)) >
                         0;
        result[row] = sum;
        if (bad && status && call.is_valid(row))
          status = call.raise(row, Errc::time_out_of_range, "interval out of range");
      });
      return status;
    });
  });
}

double round_micros(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

/// Fractions of months become days (30 each), fractions of days time, as PostgreSQL does.
bool multiply(const Interval& by, double factor, Interval& result) {
  const double months = by.months * factor;
  const double days = by.days * factor;
  const auto fits = [](double count) { return count >= -2147483648.0 && count <= 2147483647.0; };
  if (!fits(months) || !fits(days)) return false;
  result.months = static_cast<std::int32_t>(months);
  result.days = static_cast<std::int32_t>(days);
  const double month_days = round_micros((months - result.months) * 30);
  double seconds = round_micros((days - result.days + month_days - std::trunc(month_days)) * 86400);
  if (std::abs(seconds) >= 86400) {
    if (__builtin_add_overflow(result.days, static_cast<std::int32_t>(seconds / 86400),
                               &result.days))
      return false;
    seconds -= std::trunc(seconds / 86400) * 86400;
  }
  if (__builtin_add_overflow(result.days, static_cast<std::int32_t>(month_days), &result.days))
    return false;
  const double micros = std::rint(static_cast<double>(by.micros) * factor + seconds * 1e6);
  if (!(micros >= -9223372036854775808.0 && micros < 9223372036854775808.0)) return false;
  result.micros = static_cast<std::int64_t>(micros);
  return true;
}

}  // namespace

Status kernel_timestamp_plus_interval(const Call& call, Column& out) {
  return shift(call, out, false);
}
Status kernel_timestamp_minus_interval(const Call& call, Column& out) {
  return shift(call, out, true);
}
Status kernel_date_plus_days(const Call& call, Column& out) { return shift_date(call, out, false); }
Status kernel_date_minus_days(const Call& call, Column& out) { return shift_date(call, out, true); }
Status kernel_interval_plus_interval(const Call& call, Column& out) {
  return combine_intervals<false>(call, out);
}
Status kernel_interval_minus_interval(const Call& call, Column& out) {
  return combine_intervals<true>(call, out);
}

Status kernel_date_minus_date(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::int32_t>(*call.args[0], [&](auto left) {
    return with_operand<std::int32_t>(*call.args[1], [&](auto right) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        if (__builtin_sub_overflow(left[row], right[row], &result[row]) && status &&
            call.is_valid(row))
          status = call.raise(row, Errc::value_out_of_range, "int32 out of range in date - date");
      });
      return status;
    });
  });
}

Status kernel_timestamp_minus_timestamp(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<Interval>();
  return with_operand<std::int64_t>(*call.args[0], [&](auto left) {
    return with_operand<std::int64_t>(*call.args[1], [&](auto right) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        std::int64_t micros = 0;
        const bool bad = __builtin_sub_overflow(left[row], right[row], &micros) ||
                         is_infinite(left[row]) || is_infinite(right[row]);
        result[row] = {0, static_cast<std::int32_t>(micros / kDay), micros % kDay};
        if (bad && status && call.is_valid(row)) {
          status = call.raise(row, Errc::time_out_of_range,
                              "interval out of range: " + show_timestamp(left[row]) + " - " +
                                  show_timestamp(right[row]));
        }
      });
      return status;
    });
  });
}

Status kernel_interval_times_number(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<Interval>();
  return with_operand<Interval>(*call.args[0], [&](auto interval) {
    return with_operand<double>(*call.args[1], [&](auto factor) -> Status {
      Status status;
      call.rows.for_each([&](std::uint32_t row) {
        Interval product;
        const bool good = multiply(interval[row], factor[row], product);
        result[row] = product;
        if (!good && status && call.is_valid(row))
          status = call.raise(row, Errc::time_out_of_range,
                              "interval out of range: interval * " + show(factor[row]));
      });
      return status;
    });
  });
}

}  // namespace flow::expr
