#pragma once

#include "flow/base/int128.hpp"
#include "flow/base/units.hpp"

#include <cstdint>
#include <numeric>
#include <optional>

namespace flow {

/// The largest multiple of `step` that is not above `value`; negative values round down too.
constexpr Int128 floor_to(Int128 value, Int128 step) noexcept {
  const auto rest = value % step;
  return value - rest - (rest < 0 ? step : 0);
}

/// Which slices and windows exist: windows [k * slide, k * slide + size) for all whole k, slices of
/// gcd(size, slide), everything aligned to 1970-01-01T00:00Z. Times are microseconds.
///
/// A window is named by its end. Ends and starts that do not fit int64 do not exist: rows there
/// have no place (in_range()).   Thread: value.
class WindowMath {
 public:
  /// 0 < slide <= size.
  constexpr WindowMath(Micros size, Micros slide) noexcept
      : size_{size.count()}, slide_{slide.count()}, slice_{std::gcd(size_, slide_)} {}

  [[nodiscard]] constexpr std::int64_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr std::int64_t slide() const noexcept { return slide_; }
  [[nodiscard]] constexpr std::int64_t slice() const noexcept { return slice_; }
  [[nodiscard]] constexpr bool tumbling() const noexcept { return size_ == slide_; }

  /// Whether every window of a row with this time has a start and an end that are numbers.
  [[nodiscard]] constexpr bool in_range(std::int64_t time) const noexcept {
    const Int128 first = Int128{time} - size_ - slide_;
    const Int128 last = Int128{time} + size_ + slide_;
    return first > EventTime::min().micros && last < EventTime::max().micros;
  }
  /// Start of the slice that holds `time`. Precondition: in_range(time).
  [[nodiscard]] constexpr std::int64_t slice_of(std::int64_t time) const noexcept {
    const auto rest = time % slice_;
    return time - rest - (rest < 0 ? slice_ : 0);
  }
  /// End of the first window that covers the slice.
  [[nodiscard]] constexpr std::int64_t first_end(std::int64_t slice) const noexcept {
    const Int128 latest_start_before = Int128{slice} + slice_ - size_ - 1;
    return static_cast<std::int64_t>(floor_to(latest_start_before, slide_) + slide_ + size_);
  }
  /// End of the last window that covers the slice.
  [[nodiscard]] constexpr std::int64_t last_end(std::int64_t slice) const noexcept {
    return static_cast<std::int64_t>(floor_to(slice, slide_) + size_);
  }
  /// The last window end that is not above `time`, as far as int64 goes.
  [[nodiscard]] constexpr std::int64_t last_end_until(std::int64_t time) const noexcept {
    if (time == EventTime::min().micros || time == EventTime::max().micros) return time;
    const auto end = floor_to(Int128{time} - size_, slide_) + size_;
    if (end <= EventTime::min().micros) return EventTime::min().micros;
    return static_cast<std::int64_t>(end);
  }

 private:
  std::int64_t size_;
  std::int64_t slide_;
  std::int64_t slice_;
};

}  // namespace flow
