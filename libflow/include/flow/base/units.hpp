#pragma once

#include "flow/base/error.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace flow {

using Micros = std::chrono::duration<std::int64_t, std::micro>;

/// A point in event time: microseconds since 1970-01-01T00:00:00Z.
struct EventTime {
  std::int64_t micros = 0;
  constexpr auto operator<=>(const EventTime&) const = default;
  static constexpr EventTime min() noexcept { return {std::numeric_limits<std::int64_t>::min()}; }
  static constexpr EventTime max() noexcept { return {std::numeric_limits<std::int64_t>::max()}; }
};

/// Adds without wrapping: min() and max() stay what they are, overflow saturates.
constexpr EventTime operator+(EventTime time, Micros by) noexcept {
  if (time == EventTime::min() || time == EventTime::max()) return time;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(time.micros, by.count(), &sum))
    return by.count() > 0 ? EventTime::max() : EventTime::min();
  return {sum};
}
constexpr EventTime operator-(EventTime time, Micros by) noexcept {
  if (time == EventTime::min() || time == EventTime::max()) return time;
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(time.micros, by.count(), &difference))
    return by.count() < 0 ? EventTime::max() : EventTime::min();
  return {difference};
}

/// A number of bytes.
struct ByteCount {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const ByteCount&) const = default;
};
inline constexpr ByteCount operator""_KiB(unsigned long long n) { return {n << 10}; }
inline constexpr ByteCount operator""_MiB(unsigned long long n) { return {n << 20}; }
inline constexpr ByteCount operator""_GiB(unsigned long long n) { return {n << 30}; }

/// Parses `250ms 5s 10m 1h 2d` (also `us`); errors: bad_argument.
Result<Micros> parse_duration(std::string_view text);
/// Parses `64KiB 8GiB 512MiB 10B` and plain numbers; errors: bad_argument.
Result<ByteCount> parse_bytes(std::string_view text);
/// Shortest text that parse_duration reads back.
std::string format_duration(Micros duration);
/// For people: `2.1 MB` (powers of 1000).
std::string format_bytes(ByteCount bytes);
/// For people: `3,201,442`.
std::string format_count(std::uint64_t count);
/// For people: `2.41 M`, `13.7 K`.
std::string format_rate(double per_second);

/// ISO 8601 UTC, microseconds only if not zero: `2008-03-14T09:00:00Z`. min/max:
/// `-infinity`/`infinity`.
std::string format_timestamp(EventTime time);
/// ISO 8601: `T` or space, optional fraction, optional offset or Z (none = UTC), date alone =
/// midnight.
Result<EventTime> parse_timestamp(std::string_view text);
/// `2008-03-14`; days since 1970-01-01.
std::string format_date(std::int32_t days);
Result<std::int32_t> parse_date(std::string_view text);

}  // namespace flow
