#include "subtask/subtask_input.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {
namespace {

Error violation(const char* what) {
  return Error{Errc::protocol_violation, "a message does not fit the protocol"}.with_cause(what);
}

}  // namespace

SubtaskInput::SubtaskInput(const WiredSubtask& wired, SubtaskPort& port, ByteCount budget,
                           std::uint32_t first_entry)
    : port_{port}, first_entry_{first_entry} {
  channels_.resize(wired.inputs.size());
  for (std::size_t c = 0; c < channels_.size(); ++c) channels_[c].entry = wired.inputs[c].entry;
  for (const auto& entry : wired.entries) {
    entries_.emplace_back(entry.channels);
    first_channel_.push_back(entry.first_channel);
  }
  if (!channels_.empty()) {
    const auto channels = static_cast<std::uint32_t>(channels_.size());
    // Each channel needs enough to be worth a message, whatever the budget says.
    budget_.emplace(ByteCount{std::max<std::uint64_t>(budget.value,
                                                      std::uint64_t{channels} * 2 * (4_KiB).value)},
                    channels);
  }
}

void SubtaskInput::open_channels() { repeat_grants(); }

void SubtaskInput::repeat_grants() {
  for (std::uint32_t c = 0; c < channels_.size(); ++c) port_.send_credit(c, budget_->granted(c));
}

void SubtaskInput::list(std::uint32_t c) {
  auto& channel = channels_[c];
  if (channel.listed || channel.blocked || channel.queue.empty()) return;
  channel.listed = true;
  readable_.push_back(c);
}

Status SubtaskInput::on_frame(ChannelFrame frame) {
  const auto c = frame.channel;
  if (c >= channels_.size()) return violation("a frame for a channel that does not exist");
  auto& channel = channels_[c];
  if (frame.sequence <= channel.sequence) return {};
  if (frame.sequence != channel.sequence + 1)
    return Error{Errc::channel_gap, "messages between two subtasks are missing"}.with_cause(
        "expected number " + std::to_string(channel.sequence + 1) + ", got " +
        std::to_string(frame.sequence));
  if (channel.ended && frame.kind != ChannelFrame::Kind::barrier)
    return violation("rows behind the end of a channel");
  channel.sequence = frame.sequence;
  if (frame.kind == ChannelFrame::Kind::end) channel.ended = true;
  if (frame.kind == ChannelFrame::Kind::rows) {
    budget_->on_received(c, {frame.cost});
    grants_due_ = true;
  }
  // A mark that is shown again and again to a channel that is not read must not pile up.
  if (frame.kind == ChannelFrame::Kind::mark && !channel.queue.empty() &&
      channel.queue.back().kind == ChannelFrame::Kind::mark &&
      channel.queue.back().watermark == frame.watermark)
    return {};
  channel.queue.push_back(std::move(frame));
  ++frames_;
  list(c);
  return {};
}

SubtaskInput::Fed SubtaskInput::feed(Chain& chain) {
  for (std::uint32_t e = 0; e < entries_.size(); ++e) {
    if (!entries_[e].due() || !chain.accepts(first_entry_ + e)) continue;
    entries_[e].push(chain, first_entry_ + e);
    return Fed{true, {}};
  }
  for (auto turns = readable_.size(); turns > 0; --turns) {
    const auto c = readable_.front();
    auto& channel = channels_[c];
    auto& marks = entries_[channel.entry];
    const auto kind = channel.queue.front().kind;
    // Only rows enter the chain at once; what says something about time does so through the marks.
    if (kind == ChannelFrame::Kind::rows &&
        (marks.due() || !chain.accepts(first_entry_ + channel.entry))) {
      readable_.pop_front();
      readable_.push_back(c);
      continue;
    }
    readable_.pop_front();
    channel.listed = false;
    auto frame = std::move(channel.queue.front());
    channel.queue.pop_front();
    --frames_;
    list(c);
    const auto at = c - first_channel_[channel.entry];
    switch (frame.kind) {
      case ChannelFrame::Kind::rows:
        budget_->on_consumed(c, {frame.cost});
        grants_due_ = true;
        marks.on_rows(at);
        chain.push_batch(first_entry_ + channel.entry, std::move(frame.batch));
        if (frame.watermark != EventTime::min()) marks.on_watermark(at, frame.watermark);
        break;
      case ChannelFrame::Kind::mark:
        marks.on_watermark(at, frame.watermark);
        break;
      case ChannelFrame::Kind::idle:
        if (frame.watermark != EventTime::min()) marks.on_watermark(at, frame.watermark);
        marks.on_idle(at);
        break;
      case ChannelFrame::Kind::end:
        marks.on_finished(at);
        break;
      case ChannelFrame::Kind::barrier:
        return Fed{true, std::move(frame)};
    }
    return Fed{true, {}};
  }
  return Fed{};
}

void SubtaskInput::block(std::uint32_t c) {
  auto& channel = channels_[c];
  channel.blocked = true;
  budget_->block(c);
  if (channel.listed) {
    std::erase(readable_, c);
    channel.listed = false;
  }
}

void SubtaskInput::unblock(std::uint32_t c) {
  channels_[c].blocked = false;
  budget_->unblock(c);
  list(c);
  grants_due_ = true;
}

void SubtaskInput::set_blocked(const BarrierAligner& aligner) {
  for (std::uint32_t c = 0; c < channels_.size(); ++c) {
    if (aligner.is_blocked(c) == channels_[c].blocked) continue;
    if (channels_[c].blocked)
      unblock(c);
    else
      block(c);
  }
}

void SubtaskInput::grant(bool withhold) {
  if (!budget_) return;
  if (withhold != withheld_) {
    withheld_ = withhold;
    if (withhold)
      budget_->withhold_grants();
    else
      budget_->resume_grants();
    grants_due_ = true;
  }
  if (!grants_due_ || withheld_) return;
  grants_due_ = false;
  for (const auto& grant : budget_->take_grants()) port_.send_credit(grant.channel, grant.total);
}

EventTime SubtaskInput::watermark() const noexcept {
  auto lowest = EventTime::max();
  for (const auto& entry : entries_) lowest = std::min(lowest, entry.combiner().watermark());
  return entries_.empty() ? EventTime::min() : lowest;
}

}  // namespace flow::actors
