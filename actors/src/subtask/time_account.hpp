#pragma once

#include <chrono>
#include <cstdint>

namespace flow::actors {

/// Where a SUBTASK's time goes: working, waiting for input, waiting for output. Every moment since
/// start() is in exactly one of the three; waiting for a thread counts as busy.
///
/// Owner: a SUBTASK.   Thread: value; time is an argument.
class TimeAccount {
 public:
  using Nanos = std::chrono::nanoseconds;
  enum class State : std::uint8_t { busy, idle, backpressured };

  void start(Nanos now) noexcept {
    since_ = now;
    state_ = State::idle;
  }
  /// From now on the subtask is in `state`.
  void enter(State state, Nanos now) noexcept {
    spent_[static_cast<std::size_t>(state_)] += now - since_;
    since_ = now;
    state_ = state;
  }
  [[nodiscard]] std::uint64_t spent_ns(State state, Nanos now) const noexcept {
    const auto open = state == state_ ? now - since_ : Nanos{};
    return static_cast<std::uint64_t>((spent_[static_cast<std::size_t>(state)] + open).count());
  }

 private:
  Nanos spent_[3]{};
  Nanos since_{};
  State state_ = State::idle;
};

}  // namespace flow::actors
