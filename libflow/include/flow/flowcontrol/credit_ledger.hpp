#pragma once

#include "flow/base/check.hpp"
#include "flow/base/units.hpp"

#include <algorithm>
#include <cstdint>

namespace flow {

/// The sending end of a channel: how much may still be sent, in bytes.
///
/// The balance may go into debt: while it is positive one batch of any size may be sent, so that no
/// batch is too large to travel; then the sender waits until grants have repaid it. Grants carry
/// the total ever granted: a lost one is healed by the next, a doubled one changes nothing. What
/// needs no credit (barriers, watermarks, ends) does not come here.
///
/// Invariant: sent() ≤ granted() + the last batch.
/// Owner: the sending SUBTASK, one per channel.   Thread: value.
class CreditLedger {
 public:
  /// `initial` is what the receiver grants without being asked (InputBudget::granted at the start).
  explicit constexpr CreditLedger(ByteCount initial = {}) noexcept : granted_{initial.value} {}

  [[nodiscard]] constexpr bool can_send() const noexcept { return granted_ > sent_; }
  /// Negative: debt.
  [[nodiscard]] constexpr std::int64_t balance() const noexcept {
    return static_cast<std::int64_t>(granted_ - sent_);
  }
  /// Precondition: can_send().
  void on_sent(ByteCount bytes) {
    FLOW_CHECK(can_send(), "a batch was sent without credit");
    sent_ += bytes.value;
  }
  /// `total` is everything ever granted on this channel.
  constexpr void on_granted(std::uint64_t total) noexcept { granted_ = std::max(granted_, total); }

  [[nodiscard]] constexpr std::uint64_t granted() const noexcept { return granted_; }
  [[nodiscard]] constexpr std::uint64_t sent() const noexcept { return sent_; }

 private:
  std::uint64_t granted_;
  std::uint64_t sent_ = 0;
};

}  // namespace flow
