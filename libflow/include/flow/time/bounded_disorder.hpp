#pragma once

#include "flow/base/units.hpp"

#include <algorithm>

namespace flow {

/// Generates the watermark of one split whose rows are out of order by at most `delay`: the highest
/// event time seen minus the delay. A row below the watermark is late.
///
/// Owner: a source, one per split.   Thread: value.
class BoundedDisorder {
 public:
  explicit constexpr BoundedDisorder(Micros delay, EventTime seen = EventTime::min()) noexcept
      : delay_{delay}, seen_{seen} {}

  /// `max_time` is the highest event time of some rows.
  constexpr void on_rows(EventTime max_time) noexcept { seen_ = std::max(seen_, max_time); }
  [[nodiscard]] constexpr EventTime watermark() const noexcept {
    return watermark_after(seen_, delay_);
  }
  /// Highest event time seen; what a snapshot keeps.
  [[nodiscard]] constexpr EventTime seen() const noexcept { return seen_; }

  /// The watermark after rows up to `seen`. A row at the end of time does not end the stream: that
  /// watermark is kept for the end of input.
  [[nodiscard]] static constexpr EventTime watermark_after(EventTime seen, Micros delay) noexcept {
    if (seen == EventTime::max()) seen.micros -= 1;
    return seen - delay;
  }

 private:
  Micros delay_;
  EventTime seen_;
};

}  // namespace flow
