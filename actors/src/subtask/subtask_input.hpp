#pragma once

#include "job/wiring.hpp"
#include "subtask/entry_marks.hpp"
#include "subtask/subtask_port.hpp"

#include "flow/checkpoint/barrier_aligner.hpp"
#include "flow/flowcontrol/input_budget.hpp"
#include "flow/graph/execution_plan.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// The input side of a SUBTASK: a queue per channel, who may be read next, credit given back.
///
/// Channels with something to read take turns. A channel that is blocked behind a barrier keeps its
/// place and is not read. Event time of an edge's channels is combined by minimum.
///
/// Owner: one SUBTASK attempt.   Thread: actor-confined.
class SubtaskInput {
 public:
  /// The edges enter the chain at entries `first_entry`, `first_entry` + 1, …
  SubtaskInput(const WiredSubtask& wired, SubtaskPort& port, ByteCount budget,
               std::uint32_t first_entry);

  /// Tells every sender what it may send at the start.
  void open_channels();
  /// Appends. A frame that came before is dropped. Errors: channel_gap, protocol_violation.
  Status on_frame(ChannelFrame frame);

  struct Fed {
    bool any = false;                     ///< Something was taken.
    std::optional<ChannelFrame> barrier;  ///< What was taken is a barrier: align it.
  };
  /// Pushes at most one element into the chain, or takes a barrier.
  Fed feed(Chain& chain);
  /// Blocks and frees channels as the aligner says.
  void set_blocked(const BarrierAligner& aligner);
  /// Tells every sender again what it was granted, should it not have heard.
  void repeat_grants();
  /// Sends the grants that are due; none while `withhold`.
  void grant(bool withhold);

  [[nodiscard]] bool empty() const noexcept { return frames_ == 0; }
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept {
    return budget_ ? budget_->queued_bytes() : 0;
  }
  [[nodiscard]] std::uint32_t channels() const noexcept {
    return static_cast<std::uint32_t>(channels_.size());
  }
  /// Highest common watermark of the entries.
  [[nodiscard]] EventTime watermark() const noexcept;

 private:
  struct Channel {
    std::uint32_t entry = 0;
    std::uint64_t sequence = 0;  // last one taken into the queue
    bool ended = false;
    bool blocked = false;
    bool listed = false;  // in readable_
    std::deque<ChannelFrame> queue;
  };
  void block(std::uint32_t channel);
  void unblock(std::uint32_t channel);
  void list(std::uint32_t channel);

  SubtaskPort& port_;
  std::uint32_t first_entry_;
  std::vector<Channel> channels_;
  std::vector<EntryMarks> entries_;
  std::vector<std::uint32_t> first_channel_;  // of each entry
  std::optional<InputBudget> budget_;         // none without channels
  std::deque<std::uint32_t> readable_;        // channels with frames that are not blocked, in turn
  std::size_t frames_ = 0;
  bool grants_due_ = false;
  bool withheld_ = false;
};

}  // namespace flow::actors
