#pragma once

#include "flow/base/clock.hpp"

#include <atomic>

namespace flow::testing {

/// A clock that stands still until a test moves it.
///
/// Starts at 2001-01-01T00:00:00Z on the wall and at zero on the monotonic scale.
///
/// Thread: thread-safe.
class ManualClock final : public Clock {
 public:
  static constexpr EventTime kStart{978'307'200'000'000};

  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    return std::chrono::nanoseconds{elapsed_.load()};
  }
  [[nodiscard]] EventTime wall() const override {
    return kStart + Micros{elapsed_.load() / 1000 + wall_offset_.load()};
  }

  /// Moves both scales forward.
  void advance(std::chrono::nanoseconds by) { elapsed_ += by.count(); }
  /// Moves the wall clock alone, as an administrator or NTP does; may go back.
  void jump_wall(Micros by) { wall_offset_ += by.count(); }

 private:
  std::atomic<std::int64_t> elapsed_{0};
  std::atomic<std::int64_t> wall_offset_{0};
};

}  // namespace flow::testing
