#pragma once

#include "flow/base/units.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace flow::text {

/// Most chars that one value of a fixed-width type takes, quotes included.
inline constexpr std::size_t kMostChars = 48;

inline constexpr auto kPairs = [] {
  struct {
    char at[200];
  } pairs{};
  for (int i = 0; i < 100; ++i) {
    pairs.at[i * 2] = static_cast<char>('0' + i / 10);
    pairs.at[i * 2 + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline char* write_pair(char* at, unsigned value) noexcept {
  std::memcpy(at, kPairs.at + value * 2, 2);
  return at + 2;
}

inline char* write_uint64(char* at, std::uint64_t value) noexcept {
  char digits[20];
  auto* first = digits + 20;
  while (value >= 100) {
    const auto pair = static_cast<unsigned>(value % 100);
    value /= 100;
    first -= 2;
    std::memcpy(first, kPairs.at + pair * 2, 2);
  }
  if (value >= 10) {
    first -= 2;
    std::memcpy(first, kPairs.at + value * 2, 2);
  } else {
    *--first = static_cast<char>('0' + value);
  }
  const auto length = static_cast<std::size_t>(digits + 20 - first);
  std::memcpy(at, first, length);
  return at + length;
}

inline char* write_int64(char* at, std::int64_t value) noexcept {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    *at++ = '-';
    magnitude = ~magnitude + 1;
  }
  return write_uint64(at, magnitude);
}

/// Shortest text that reads back as the same number. Finite values only.
inline char* write_float64(char* at, double value) noexcept {
  if (std::fabs(value) < 1e15) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value && (whole != 0 || !std::signbit(value)))
      return write_int64(at, whole);
  }
  return std::to_chars(at, at + kMostChars, value).ptr;
}

/// Writes dates and timestamps, remembering the day it wrote last.
///
/// Owner: an encoder's column.   Thread: actor-confined.
class TimeWriter {
 public:
  char* write_date(char* at, std::int32_t days) {
    if (days != day_) remember(days);
    std::memcpy(at, date_, date_length_);
    return at + date_length_;
  }
  /// ISO 8601 UTC, microseconds only if not zero.
  char* write_timestamp(char* at, std::int64_t micros) {
    constexpr std::int64_t kDay = 86'400'000'000;
    auto day = micros / kDay;
    auto rest = micros % kDay;
    if (rest < 0) {
      rest += kDay;
      --day;
    }
    if (day < -719'468 || day > 2'932'896) {  // years 0000 to 9999 have four digits
      const auto text = format_timestamp({micros});
      std::memcpy(at, text.data(), text.size());
      return at + text.size();
    }
    at = write_date(at, static_cast<std::int32_t>(day));
    *at++ = 'T';
    const auto fraction = static_cast<unsigned>(rest % 1'000'000);
    const auto seconds = static_cast<unsigned>(rest / 1'000'000);
    at = write_pair(at, seconds / 3600);
    *at++ = ':';
    at = write_pair(at, seconds / 60 % 60);
    *at++ = ':';
    at = write_pair(at, seconds % 60);
    if (fraction != 0) {
      *at++ = '.';
      at = write_pair(at, fraction / 10'000);
      at = write_pair(at, fraction / 100 % 100);
      at = write_pair(at, fraction % 100);
    }
    *at++ = 'Z';
    return at;
  }

 private:
  void remember(std::int32_t days) {
    const auto text = format_date(days);
    day_ = days;
    date_length_ = text.size() < sizeof date_ ? text.size() : sizeof date_;
    std::memcpy(date_, text.data(), date_length_);
  }

  std::int64_t day_ = INT64_MIN;
  std::size_t date_length_ = 0;
  char date_[24]{};
};

}  // namespace flow::text
