#pragma once

#include "flow/base/units.hpp"

#include <cstdint>
#include <vector>

namespace flow {

/// The receiving end of all channels of a SUBTASK: divides its input budget and says when to grant
/// what.
///
/// Half of the budget is divided into exclusive shares, one per channel; the other half floats: it
/// is lent to channels whose sender has used up its credit, a share at a time and in turn, and
/// comes back when what it let in is consumed. It is never lent to a channel that is blocked behind
/// a barrier.
///
/// Per channel   queued + promised ≤ share + lent,   promised = granted − received (debt is
/// negative), so
///   * a sender that may send finds less than its limit waiting here: what waits in all channels
///     is at most the budget plus one batch per channel, whatever the size of a batch;
///   * a channel with an empty queue has been promised something, or is being granted it now:
///     nothing can deadlock, a batch larger than the whole budget during an alignment included.
///
/// While grants are withheld (the subtask has no credit for its own output) nothing is granted at
/// all: that is how backpressure travels to the sources. Grants are made in pieces worth a message.
///
/// Owner: a SUBTASK.   Thread: value.   Cost: O(1) per batch, O(channels) per take_grants() with
/// changes.
class InputBudget {
 public:
  struct Grant {
    std::uint32_t channel = 0;
    std::uint64_t total = 0;  ///< Ever granted on the channel: for CreditLedger::on_granted.
    bool operator==(const Grant&) const = default;
  };

  /// Every channel begins with its share granted. Preconditions: channels > 0, at least 2 bytes for
  /// each.
  InputBudget(ByteCount total, std::uint32_t channels);

  /// What a channel's sender may assume granted at the start.
  [[nodiscard]] ByteCount exclusive_share() const noexcept { return {share_}; }

  /// A batch came. Precondition: its sender had credit.
  void on_received(std::uint32_t channel, ByteCount bytes);
  /// A batch, or a part of it, left the queue.
  void on_consumed(std::uint32_t channel, ByteCount bytes);
  /// The channel's barrier came before those of others / the alignment is over.
  void block(std::uint32_t channel);
  void unblock(std::uint32_t channel);
  /// The subtask has no output credit / has some again.
  void withhold_grants() noexcept { withheld_ = true; }
  void resume_grants() noexcept {
    withheld_ = false;
    changed_ = true;
  }

  /// The grants to send now. They count as granted.
  [[nodiscard]] std::vector<Grant> take_grants();

  [[nodiscard]] std::uint64_t queued_bytes() const noexcept { return queued_; }
  [[nodiscard]] std::uint64_t queued_bytes(std::uint32_t channel) const {
    return channels_[channel].queued;
  }
  [[nodiscard]] std::uint64_t granted(std::uint32_t channel) const {
    return channels_[channel].granted;
  }
  /// Bytes of the floating part that are not lent.
  [[nodiscard]] std::uint64_t floating() const noexcept { return floating_; }

 private:
  struct Channel {
    std::uint64_t granted = 0;
    std::uint64_t received = 0;
    std::uint64_t queued = 0;
    std::uint64_t lent = 0;
    bool blocked = false;
  };
  [[nodiscard]] std::int64_t promised(const Channel& channel) const noexcept;
  [[nodiscard]] std::uint64_t grantable(const Channel& channel) const noexcept;
  void lend();

  std::vector<Channel> channels_;
  std::uint64_t share_ = 0;
  std::uint64_t floating_ = 0;
  std::uint64_t queued_ = 0;
  std::uint32_t next_to_lend_ = 0;
  bool withheld_ = false;
  bool changed_ = false;
};

}  // namespace flow
