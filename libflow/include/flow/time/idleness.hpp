#pragma once

#include <chrono>
#include <optional>

namespace flow {

/// Decides when a split or source is idle: no rows for `timeout`, counting only the time in which
/// it was asked for rows. Time spent backpressured does not count, nor does the time before the
/// first call.
///
/// All times are of one monotonic clock. Without a timeout (bounded sources) it never says idle.
///
/// Owner: a source, one per split.   Thread: value.
class IdlenessDetector {
 public:
  using Nanos = std::chrono::nanoseconds;

  explicit IdlenessDetector(std::optional<Nanos> timeout) noexcept : timeout_{timeout} {}

  /// Rows came: the time without rows starts again.
  void on_rows(Nanos now) noexcept;
  /// The source is asked for rows and has none (again): time counts from here on, if it did not.
  void on_starved(Nanos now) noexcept;
  /// The source is not asked: its subtask has no room for rows. Time stands still until
  /// on_starved().
  void on_blocked(Nanos now) noexcept;

  [[nodiscard]] bool is_idle(Nanos now) const noexcept;
  /// When is_idle() turns true if nothing happens; nothing if it is or never will.
  [[nodiscard]] std::optional<Nanos> idle_at() const noexcept;

 private:
  std::optional<Nanos> timeout_;
  Nanos counted_{};             // without rows, up to the last stop
  std::optional<Nanos> since_;  // counting since; nothing = the clock stands still
};

}  // namespace flow
