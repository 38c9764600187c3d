#pragma once

#include "flow/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace flow {

/// Aligns barriers across a subtask's input channels.
///
/// A channel that delivered the barrier of the current alignment is blocked: what comes behind the
/// barrier belongs to the next epoch and waits. When every channel has delivered it or has ended,
/// the subtask is aligned, takes its snapshot, and all channels are free again. A barrier of a
/// newer epoch gives the current alignment up: the older one was cancelled elsewhere and will never
/// be complete here.
///
/// Owner: one SUBTASK attempt.   Thread: value.
/// Cost: O(1) per barrier, O(channels) when an alignment ends.
class BarrierAligner {
 public:
  explicit BarrierAligner(std::size_t channels);

  struct Outcome {
    std::optional<Epoch>
        aligned;  ///< Take the snapshot of this epoch now; nothing is blocked any more.
    std::optional<Epoch> given_up;  ///< Decline this epoch: a newer one or a cancellation came.
    bool stale = false;             ///< The barrier was of an epoch that is over; ignored.
    bool operator==(const Outcome&) const = default;
  };
  /// A barrier was taken from the channel's queue. The channel has not ended.
  Outcome on_barrier(std::size_t channel, Epoch epoch);
  /// The channel has no more input, ever: it counts as aligned for every epoch.
  Outcome on_end(std::size_t channel);
  /// The COORDINATOR gave up `epoch` and all before it: their barriers are ignored from now on.
  Outcome on_cancelled(Epoch epoch);

  /// True if nothing may be taken from the channel now.
  [[nodiscard]] bool is_blocked(std::size_t channel) const {
    return channels_[channel] == Channel::blocked;
  }
  [[nodiscard]] bool has_ended(std::size_t channel) const {
    return channels_[channel] == Channel::ended;
  }
  /// The epoch being aligned.
  [[nodiscard]] std::optional<Epoch> aligning() const noexcept { return aligning_; }
  /// Channels that neither delivered the barrier nor ended.
  [[nodiscard]] std::size_t missing() const noexcept { return open_; }
  [[nodiscard]] bool all_ended() const noexcept { return ended_ == channels_.size(); }

 private:
  enum class Channel : std::uint8_t { open, blocked, ended };
  void release();
  Outcome finish_if_aligned(Outcome outcome);

  std::vector<Channel> channels_;
  std::size_t open_;
  std::size_t ended_ = 0;
  std::optional<Epoch> aligning_;
  Epoch over_;  // this epoch and all before it are aligned, given up or cancelled
};

}  // namespace flow
