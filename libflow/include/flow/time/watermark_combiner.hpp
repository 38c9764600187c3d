#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// What a channel has to say about the watermark of its input.
enum class ChannelState : std::uint8_t {
  unknown = 0,   ///< Nothing heard yet (a new channel): holds the watermark back.
  active = 1,    ///< Holds the watermark at its own.
  idle = 2,      ///< No rows for the moment: does not hold it back.
  finished = 3,  ///< No rows ever again.
};

/// Combines the watermarks of an input's channels, or of an operator's inputs, into one.
///
/// A watermark W promises that no later row has an event time below W. The combined one is
///   nothing new                    while a channel is unknown,
///   the minimum over active ones   if there is one,
///   the maximum over idle ones     if all that are not finished are idle,
///   EventTime::max()               when all are finished,
/// and never less than before: it depends on what the channels said last, not on the order in which
/// they went idle, and it does not regress when an idle channel returns with an older watermark. A
/// returned channel holds the rest back until it has caught up, so that its rows do not become late
/// because it had paused.
///
/// Owner: an input of a SUBTASK, an operator in a chain, a source.   Thread: actor-confined.
/// Cost: O(1), O(channels) when the channel that held the minimum moves on.
class WatermarkCombiner {
 public:
  explicit WatermarkCombiner(std::uint32_t channels);

  // Each returns whether watermark() or idle() has changed. A finished channel stays finished.

  /// The channel's watermark is `watermark` (older ones are ignored) and the channel is active.
  bool on_watermark(std::uint32_t channel, EventTime watermark);
  /// Rows came: an idle channel is active again, an unknown one stays unknown.
  bool on_rows(std::uint32_t channel);
  bool on_idle(std::uint32_t channel);
  bool on_finished(std::uint32_t channel);

  /// watermark() is at least `floor` from now on: what was promised before these channels existed.
  /// All that is restored of channels between SUBTASKs: a sender may be reading splits that another
  /// one read before, so what was known of its channel is no longer true.
  void raise_floor(EventTime floor) noexcept { watermark_ = std::max(watermark_, floor); }

  /// EventTime::min() while nothing is known.
  [[nodiscard]] EventTime watermark() const noexcept { return watermark_; }
  /// No channel is active or unknown, and not all are finished.
  [[nodiscard]] bool idle() const noexcept { return holding_ == 0 && !finished(); }
  [[nodiscard]] bool finished() const noexcept { return finished_ == channels_.size(); }
  [[nodiscard]] ChannelState state(std::uint32_t channel) const { return channels_[channel].state; }
  [[nodiscard]] std::uint32_t channels() const noexcept {
    return static_cast<std::uint32_t>(channels_.size());
  }

  /// Everything as plain bytes.
  [[nodiscard]] std::string encode() const;
  /// Takes back what encode() wrote, as if nothing had happened. Only for inputs whose senders are
  /// restored one for one (operators in a chain). Errors: corrupt_snapshot_part (another number of
  /// channels too).
  Status restore(std::string_view bytes);

 private:
  struct Channel {
    EventTime watermark = EventTime::min();
    ChannelState state = ChannelState::unknown;
  };
  static Result<WatermarkCombiner> decode(std::string_view bytes);
  bool set(std::uint32_t channel, ChannelState state, EventTime watermark);
  [[nodiscard]] EventTime combine() const;

  std::vector<Channel> channels_;
  EventTime watermark_ = EventTime::min();
  std::size_t holding_ = 0;  // unknown or active
  std::size_t finished_ = 0;
};

}  // namespace flow
