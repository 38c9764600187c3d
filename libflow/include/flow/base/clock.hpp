#pragma once

#include "flow/base/units.hpp"

#include <chrono>

namespace flow {

/// Tells the time. A constructor argument everywhere, so that tests and the simulation can hold it.
///
/// Thread: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic; only differences mean something.
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
  /// Wall clock, UTC.
  [[nodiscard]] virtual EventTime wall() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override;
  [[nodiscard]] EventTime wall() const override;
};

}  // namespace flow
