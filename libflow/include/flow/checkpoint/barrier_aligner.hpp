#pragma once

#include "flow/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace flow {

/// Aligns barriers across a subtask's input channels.
///
/// A channel that delivered the barrier of the current alignment is blocked: what comes behind the
/// barrier belongs to the next epoch and waits. When every channel has delivered it, the subtask is
/// aligned, takes its snapshot, and all channels are free again. A barrier of a
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
  /// A barrier was taken from the channel's queue. Barriers follow the end of a channel as well.
  Outcome on_barrier(std::size_t channel, Epoch epoch);
  /// The COORDINATOR gave up `epoch` and all before it: their barriers are ignored from now on.
  Outcome on_cancelled(Epoch epoch);

  /// True if nothing may be taken from the channel now.
  [[nodiscard]] bool is_blocked(std::size_t channel) const { return blocked_[channel]; }

 private:
  void release();

  std::vector<bool> blocked_;
  std::size_t open_;  // channels that have not delivered the barrier
  std::optional<Epoch> aligning_;
  Epoch over_;  // this epoch and all before it are aligned, given up or cancelled
};

}  // namespace flow
