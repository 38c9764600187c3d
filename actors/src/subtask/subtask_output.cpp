#include "subtask/subtask_output.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {
namespace {

// Batches of this size travel as they are: collecting them would copy more than a message costs.
constexpr std::uint32_t kLargeRows = kTargetRows / 4;
constexpr std::uint64_t kLargeBytes = kTargetBytes.value / 4;
// What all channels of a subtask together may hold back.
constexpr std::uint64_t kHeldBytes = (8_MiB).value;
// Book-keeping of a frame, so that a flood of tiny batches is bounded as well.
constexpr std::uint64_t kFrameCost = 256;

}  // namespace

SubtaskOutput::SubtaskOutput(const ExecutionPlan& plan, const WiredSubtask& wired,
                             SubtaskPort& port, SlabPool& pool, const Clock& clock)
    : port_{port}, pool_{pool}, clock_{clock}, key_groups_{plan.key_groups} {
  channels_.resize(wired.outputs.size());
  for (std::uint32_t c = 0; c < wired.outputs.size(); ++c)
    channels_[c].to_channel = wired.outputs[c].to_channel;
  for (const auto& wired_edge : wired.edges) {
    const auto& planned = plan.edges[wired_edge.edge];
    for (const auto c : wired_edge.channels)
      channels_[c].edge = static_cast<std::uint32_t>(edges_.size());
    // Subtasks start at different receivers, so that few batches do not all go to the first one.
    const auto start =
        wired_edge.channels.empty()
            ? 0u
            : wired.index.value % static_cast<std::uint32_t>(wired_edge.channels.size());
    edges_.push_back({planned.exchange, planned.key_columns, wired_edge.channels, start, 0});
  }
  target_bytes_ = std::clamp<std::uint64_t>(kHeldBytes / std::max<std::size_t>(channels_.size(), 1),
                                            (4_KiB).value, kTargetBytes.value);
}

bool SubtaskOutput::has_room(std::uint32_t edge) const {
  const auto& e = edges_[edge];
  return e.exchange == Exchange::rebalance ? e.waiting < e.channels.size() : e.waiting == 0;
}

void SubtaskOutput::emit(std::uint32_t edge, Batch batch) {
  if (batch.empty()) return;
  auto& e = edges_[edge];
  if (e.channels.size() == 1)
    add_rows(e.channels[0], std::move(batch));
  else if (e.exchange == Exchange::hash)
    emit_hashed(e, batch);
  else
    add_rows(pick(e), std::move(batch));
}

std::uint32_t SubtaskOutput::pick(Edge& edge) {
  const auto count = static_cast<std::uint32_t>(edge.channels.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto c = edge.channels[edge.next];
    // Rows go on collecting for the same receiver until a batch is full.
    if (channels_[c].waiting.empty()) return c;
    edge.next = (edge.next + 1) % count;
  }
  return edge.channels[edge.next];
}

void SubtaskOutput::emit_hashed(Edge& edge, const Batch& batch) {
  hash_rows(batch, edge.key_columns, hashes_);
  const auto receivers = static_cast<std::uint32_t>(edge.channels.size());
  destinations_.resize(hashes_.size());
  for (std::size_t i = 0; i < hashes_.size(); ++i)
    destinations_[i] = static_cast<std::uint16_t>(
        owner_of(key_group_of(hashes_[i], key_groups_), receivers, key_groups_).value);
  auto parts = partition(batch, destinations_, receivers, pool_);
  for (std::uint32_t r = 0; r < receivers; ++r)
    if (!parts[r].empty()) add_rows(edge.channels[r], std::move(parts[r]));
}

void SubtaskOutput::add_rows(std::uint32_t c, Batch batch) {
  auto& channel = channels_[c];
  // A selection that leaves little would keep the whole batch in memory and charge for it.
  if (batch.has_selection() && batch.selected() < batch.rows() / 2) batch = compact(batch, pool_);
  // So would a few columns, or a slice, of a large slab.
  auto bytes = batch.retained_bytes();
  if (is_worth_detaching(batch, bytes)) {
    batch = detach(batch, pool_);
    bytes = batch.retained_bytes();
  }
  const auto rows = batch.selected();
  if (channel.held.empty() && (rows >= kLargeRows || bytes >= kLargeBytes)) {
    send_rows(c, std::move(batch));
    return;
  }
  channel.held.push_back(std::move(batch));
  channel.held_rows += rows;
  channel.held_bytes += bytes;
  if (channel.held_rows >= kTargetRows || channel.held_bytes >= target_bytes_)
    flush_channel(c);
  else
    note_held();
}

void SubtaskOutput::note_held() {
  if (held_since_.count() < 0) held_since_ = clock_.monotonic();
}

void SubtaskOutput::flush_channel(std::uint32_t c) {
  auto& channel = channels_[c];
  if (!channel.held.empty()) {
    auto batch =
        channel.held.size() == 1 ? std::move(channel.held[0]) : concatenate(channel.held, pool_);
    channel.held.clear();
    channel.held_rows = 0;
    channel.held_bytes = 0;
    send_rows(c, std::move(batch));
  } else if (channel.watermark > channel.sent_watermark) {
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::mark;
    frame.watermark = channel.watermark;
    send(c, std::move(frame));
  }
}

void SubtaskOutput::send_rows(std::uint32_t c, Batch batch) {
  ChannelFrame frame;
  frame.kind = ChannelFrame::Kind::rows;
  frame.cost = batch.retained_bytes() + kFrameCost;
  frame.batch = std::move(batch);
  frame.watermark = channels_[c].watermark > channels_[c].sent_watermark ? channels_[c].watermark
                                                                         : EventTime::min();
  auto& edge = edges_[channels_[c].edge];
  if (edge.exchange == Exchange::rebalance)
    edge.next = (edge.next + 1) % static_cast<std::uint32_t>(edge.channels.size());
  send(c, std::move(frame));
}

void SubtaskOutput::send(std::uint32_t c, ChannelFrame frame) {
  auto& channel = channels_[c];
  if (frame.watermark > channel.sent_watermark) channel.sent_watermark = frame.watermark;
  const bool needs_credit = frame.kind == ChannelFrame::Kind::rows;
  if (channel.waiting.empty() && (!needs_credit || channel.credit.can_send())) {
    if (needs_credit) channel.credit.on_sent({frame.cost});
    frame.channel = channel.to_channel;
    frame.sequence = ++channel.sequence;
    port_.send_frame(c, std::move(frame));
    return;
  }
  if (!channel.waiting.empty() && frame.kind == ChannelFrame::Kind::mark) {
    auto& last = channel.waiting.back();
    if (last.kind == ChannelFrame::Kind::rows || last.kind == ChannelFrame::Kind::mark) {
      last.watermark = frame.watermark;
      return;
    }
  }
  if (channel.waiting.empty()) {
    ++edges_[channel.edge].waiting;
    ++waiting_channels_;
  }
  channel.waiting.push_back(std::move(frame));
}

void SubtaskOutput::emit_watermark(std::uint32_t edge, EventTime watermark) {
  if (watermark_floor_ != EventTime::min() && watermark <= watermark_floor_) return;
  for (const auto c : edges_[edge].channels) {
    auto& channel = channels_[c];
    if (watermark <= channel.watermark) {
      // Sent again after an idle time: it says that the channel is active.
      ChannelFrame frame;
      frame.kind = ChannelFrame::Kind::mark;
      frame.watermark = channel.watermark;
      flush_channel(c);
      send(c, std::move(frame));
      continue;
    }
    channel.watermark = watermark;
  }
  note_held();
}

void SubtaskOutput::emit_idle(std::uint32_t edge) {
  for (const auto c : edges_[edge].channels) {
    flush_channel(c);
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::idle;
    send(c, std::move(frame));
  }
}

void SubtaskOutput::emit_end(std::uint32_t edge) {
  for (const auto c : edges_[edge].channels) {
    flush_channel(c);
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::end;
    send(c, std::move(frame));
  }
}

void SubtaskOutput::emit_barrier(Epoch epoch, BarrierKind kind) {
  flush();
  for (std::uint32_t c = 0; c < channels_.size(); ++c) {
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::barrier;
    frame.barrier = kind;
    frame.epoch = epoch;
    send(c, std::move(frame));
  }
}

void SubtaskOutput::on_given_up(Epoch epoch) {
  for (std::uint32_t c = 0; c < channels_.size(); ++c) {
    auto& channel = channels_[c];
    // What waits begins with rows: all else is sent at once.
    if (channel.waiting.empty()) continue;
    std::erase_if(channel.waiting, [&](const ChannelFrame& frame) {
      return frame.kind == ChannelFrame::Kind::barrier && frame.epoch <= epoch;
    });
    // It overtakes the rows that wait, so it must not say that their time is over: what is known of
    // time is in the frames behind it.
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::mark;
    frame.watermark = EventTime::min();
    frame.channel = channel.to_channel;
    frame.sequence = ++channel.sequence;
    port_.send_frame(c, std::move(frame));
  }
}

void SubtaskOutput::flush() {
  if (held_since_.count() < 0) return;
  for (std::uint32_t c = 0; c < channels_.size(); ++c) flush_channel(c);
  held_since_ = std::chrono::nanoseconds{-1};
}

void SubtaskOutput::flush_held_since(std::chrono::nanoseconds then) {
  if (held_since_.count() >= 0 && held_since_ <= then) flush();
}

bool SubtaskOutput::on_credit(std::uint32_t c, std::uint64_t granted) {
  FLOW_CHECK(c < channels_.size(), "credit for an unknown channel");
  auto& channel = channels_[c];
  channel.credit.on_granted(granted);
  if (channel.waiting.empty()) return false;
  while (!channel.waiting.empty()) {
    auto& frame = channel.waiting.front();
    const bool needs_credit = frame.kind == ChannelFrame::Kind::rows;
    if (needs_credit && !channel.credit.can_send()) return false;
    if (needs_credit) channel.credit.on_sent({frame.cost});
    frame.channel = channel.to_channel;
    frame.sequence = ++channel.sequence;
    auto next = std::move(frame);
    channel.waiting.pop_front();
    port_.send_frame(c, std::move(next));
  }
  --edges_[channel.edge].waiting;
  --waiting_channels_;
  return true;
}

}  // namespace flow::actors
