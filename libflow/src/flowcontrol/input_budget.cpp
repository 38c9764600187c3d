#include "flow/flowcontrol/input_budget.hpp"

#include "flow/base/check.hpp"

#include <algorithm>

namespace flow {

InputBudget::InputBudget(ByteCount total, std::uint32_t channels) : channels_(channels) {
  FLOW_CHECK(channels > 0 && total.value / channels >= 2,
             "a share of the budget for every channel");
  share_ = total.value / 2 / channels;
  floating_ = total.value - share_ * channels;
  for (auto& channel : channels_) channel.granted = share_;
}

std::int64_t InputBudget::promised(const Channel& channel) const noexcept {
  return static_cast<std::int64_t>(channel.granted - channel.received);
}

std::uint64_t InputBudget::grantable(const Channel& channel) const noexcept {
  const auto used = promised(channel) + static_cast<std::int64_t>(channel.queued);
  const auto limit = static_cast<std::int64_t>(share_ + channel.lent);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(limit - used, 0));
}

void InputBudget::on_received(std::uint32_t channel, ByteCount bytes) {
  auto& slot = channels_[channel];
  FLOW_CHECK(promised(slot) > 0, "a batch came without credit");
  slot.received += bytes.value;
  slot.queued += bytes.value;
  queued_ += bytes.value;
  changed_ = true;
}

void InputBudget::on_consumed(std::uint32_t channel, ByteCount bytes) {
  auto& slot = channels_[channel];
  FLOW_CHECK(slot.queued >= bytes.value, "more was consumed than came");
  slot.queued -= bytes.value;
  queued_ -= bytes.value;
  const auto returned = std::min(slot.lent, grantable(slot));
  slot.lent -= returned;
  floating_ += returned;
  changed_ = true;
}

void InputBudget::block(std::uint32_t channel) { channels_[channel].blocked = true; }

void InputBudget::unblock(std::uint32_t channel) {
  channels_[channel].blocked = false;
  changed_ = true;
}

/// Lends a share to each channel that waits for credit, as long as there is some, beginning after
/// the channel that was served last. One whose debt is larger gets nothing: it could not send yet.
void InputBudget::lend() {
  const auto count = static_cast<std::uint32_t>(channels_.size());
  const auto first = next_to_lend_;
  for (std::uint32_t i = 0; i < count && floating_ > 0; ++i) {
    const auto at = (first + i) % count;
    auto& slot = channels_[at];
    if (slot.blocked || promised(slot) > 0) continue;
    const auto after_grant = promised(slot) + static_cast<std::int64_t>(grantable(slot));
    if (after_grant > 0 && slot.queued == 0) continue;  // its share lets it go on
    const auto loan = std::min(floating_, share_);
    if (after_grant + static_cast<std::int64_t>(loan) <= 0) continue;
    slot.lent += loan;
    floating_ -= loan;
    next_to_lend_ = (at + 1) % count;
  }
}

std::vector<InputBudget::Grant> InputBudget::take_grants() {
  std::vector<Grant> grants;
  if (withheld_ || !changed_) return grants;
  changed_ = false;
  lend();
  for (std::uint32_t at = 0; at < channels_.size(); ++at) {
    auto& slot = channels_[at];
    const auto more = grantable(slot);
    if (more == 0) continue;
    const auto before = promised(slot);
    const auto lets_go = before <= 0 && before + static_cast<std::int64_t>(more) > 0;
    if (!lets_go && more < (share_ + slot.lent) / 2) continue;
    slot.granted += more;
    grants.push_back({at, slot.granted});
  }
  return grants;
}

}  // namespace flow
