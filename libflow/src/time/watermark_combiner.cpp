#include "flow/time/watermark_combiner.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;

bool holds(ChannelState state) noexcept {
  return state == ChannelState::unknown || state == ChannelState::active;
}

}  // namespace

WatermarkCombiner::WatermarkCombiner(std::uint32_t channels)
    : channels_(channels), holding_{channels} {
  FLOW_CHECK(channels > 0, "an input has at least one channel");
}

bool WatermarkCombiner::set(std::uint32_t channel, ChannelState state, EventTime watermark) {
  FLOW_CHECK(channel < channels_.size(), "no such channel");
  auto& slot = channels_[channel];
  if (slot.state == ChannelState::finished) return false;

  const auto was_idle = idle();
  const auto moves = slot.state != state || slot.watermark < watermark;
  // While another channel still holds back what this one held back, nothing can have changed.
  const auto decides = slot.state != state || slot.watermark <= watermark_;
  if (holds(slot.state)) --holding_;
  if (holds(state)) ++holding_;
  if (state == ChannelState::finished) ++finished_;
  slot.state = state;
  slot.watermark = std::max(slot.watermark, watermark);
  if (!moves || !decides) return was_idle != idle();

  const auto combined = combine();
  const auto advanced = combined > watermark_;
  if (advanced) watermark_ = combined;
  return advanced || was_idle != idle();
}

EventTime WatermarkCombiner::combine() const {
  if (finished()) return EventTime::max();
  auto lowest = EventTime::max();
  auto highest = EventTime::min();
  for (const auto& channel : channels_) {
    switch (channel.state) {
      case ChannelState::unknown:
        return EventTime::min();
      case ChannelState::active:
        lowest = std::min(lowest, channel.watermark);
        break;
      case ChannelState::idle:
        highest = std::max(highest, channel.watermark);
        break;
      case ChannelState::finished:
        break;
    }
  }
  return holding_ > 0 ? lowest : highest;
}

bool WatermarkCombiner::on_watermark(std::uint32_t channel, EventTime watermark) {
  return set(channel, ChannelState::active, watermark);
}

bool WatermarkCombiner::on_rows(std::uint32_t channel) {
  FLOW_CHECK(channel < channels_.size(), "no such channel");
  const auto& slot = channels_[channel];
  if (slot.state != ChannelState::idle) [[likely]]
    return false;
  return set(channel, ChannelState::active, slot.watermark);
}

bool WatermarkCombiner::on_idle(std::uint32_t channel) {
  return set(channel, ChannelState::idle, EventTime::min());
}

bool WatermarkCombiner::on_finished(std::uint32_t channel) {
  return set(channel, ChannelState::finished, EventTime::min());
}

std::string WatermarkCombiner::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put(watermark_.micros);
  out.put(static_cast<std::uint32_t>(channels_.size()));
  for (const auto& channel : channels_) {
    out.put(channel.state);
    out.put(channel.watermark.micros);
  }
  return out.take();
}

Result<WatermarkCombiner> WatermarkCombiner::decode(std::string_view bytes) {
  ByteReader in{bytes};
  const auto version = in.get<std::uint8_t>();
  const EventTime watermark{in.get<std::int64_t>()};
  std::vector<Channel> channels(in.get_count(9));
  for (auto& channel : channels) {
    channel.state = in.get<ChannelState>();
    channel.watermark.micros = in.get<std::int64_t>();
    if (channel.state > ChannelState::finished) in.fail();
  }
  if (version != kVersion || !in.finished() || channels.empty())
    return Error{Errc::corrupt_snapshot_part, "cannot read the watermarks of an input"};

  WatermarkCombiner decoded{static_cast<std::uint32_t>(channels.size())};
  decoded.channels_ = std::move(channels);
  decoded.watermark_ = watermark;
  decoded.holding_ = 0;
  for (const auto& channel : decoded.channels_) {
    decoded.holding_ += holds(channel.state) ? 1u : 0u;
    decoded.finished_ += channel.state == ChannelState::finished ? 1u : 0u;
  }
  return decoded;
}

Status WatermarkCombiner::restore(std::string_view bytes) {
  FLOW_ASSIGN(auto decoded, decode(bytes));
  if (decoded.channels() != channels())
    return Error{Errc::corrupt_snapshot_part, "cannot read the watermarks of an input"}.with_cause(
        std::to_string(decoded.channels()) + " channels instead of " + std::to_string(channels()));
  *this = std::move(decoded);
  return {};
}

}  // namespace flow
