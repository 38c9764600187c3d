#pragma once

#include "job/wiring.hpp"
#include "subtask/subtask_port.hpp"

#include "flow/base/clock.hpp"
#include "flow/flowcontrol/credit_ledger.hpp"
#include "flow/graph/execution_plan.hpp"
#include "flow/operators/chain.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

namespace flow::actors {

/// The output side of a SUBTASK: partitions, collects small batches, numbers frames, spends credit.
///
/// Frames of a channel stay in order: rows without credit wait here, and so does everything behind
/// them, barriers included. An edge has room while nothing waits, so at most what one call emits is
/// ever held. Small batches and watermarks are held back until flush(), until a batch is full, or
/// until `linger` is over; a watermark then travels with the rows before it.
///
/// Owner: one SUBTASK attempt.   Thread: actor-confined.
class SubtaskOutput final : public ChainOutput {
 public:
  SubtaskOutput(const ExecutionPlan& plan, const WiredSubtask& wired, SubtaskPort& port,
                SlabPool& pool, const Clock& clock);

  [[nodiscard]] bool has_room(std::uint32_t edge) const override;
  void emit(std::uint32_t edge, Batch batch) override;
  void emit_watermark(std::uint32_t edge, EventTime watermark) override;
  void emit_idle(std::uint32_t edge) override;
  void emit_end(std::uint32_t edge) override;

  /// Watermarks up to this one are not sent. What a restored source said before its snapshot held
  /// for the splits it had then; after the restore it may have others, and only what it says anew
  /// holds for those.
  void ignore_watermarks_up_to(EventTime floor) noexcept { watermark_floor_ = floor; }
  /// To every channel of every edge, behind everything emitted so far.
  void emit_barrier(Epoch epoch, BarrierKind kind);
  /// `epoch` and all before it will not complete. Their barriers need not follow any more. A
  /// receiver that missed a frame may be the reason: where rows wait for credit it is shown a frame
  /// that says nothing new, because the next one may never get credit.
  void on_given_up(Epoch epoch);
  /// Gives away what is held back.
  void flush();
  /// The same if something has been held back since before `then`.
  void flush_held_since(std::chrono::nanoseconds then);
  /// Sends what the new credit allows. True if an edge has room again.
  bool on_credit(std::uint32_t channel, std::uint64_t granted);
  /// Rows wait for credit.
  [[nodiscard]] bool is_blocked() const noexcept { return waiting_channels_ > 0; }

 private:
  struct Channel {
    CreditLedger credit;
    std::uint32_t edge = 0;
    std::uint32_t to_channel = 0;
    std::uint64_t sequence = 0;
    std::deque<ChannelFrame> waiting;
    std::vector<Batch> held;
    std::uint32_t held_rows = 0;
    std::uint64_t held_bytes = 0;
    EventTime watermark = EventTime::min();       // emitted
    EventTime sent_watermark = EventTime::min();  // in a frame, which may wait
  };
  struct Edge {
    Exchange exchange = Exchange::forward;
    std::vector<std::uint32_t> key_columns;
    std::vector<std::uint32_t> channels;
    std::uint32_t next = 0;     // of rebalance
    std::uint32_t waiting = 0;  // channels with something waiting
  };

  void emit_hashed(Edge& edge, const Batch& batch);
  std::uint32_t pick(Edge& edge);
  void add_rows(std::uint32_t channel, Batch batch);
  void flush_channel(std::uint32_t channel);
  void send_rows(std::uint32_t channel, Batch batch);
  void send(std::uint32_t channel, ChannelFrame frame);
  void note_held();

  SubtaskPort& port_;
  SlabPool& pool_;
  const Clock& clock_;
  std::uint32_t key_groups_;
  std::uint64_t target_bytes_;
  std::vector<Edge> edges_;
  std::vector<Channel> channels_;
  EventTime watermark_floor_ = EventTime::min();
  std::uint32_t waiting_channels_ = 0;
  std::chrono::nanoseconds held_since_{-1};  // negative: nothing is held back
  std::vector<std::uint64_t> hashes_;        // reused
  std::vector<std::uint16_t> destinations_;
};

}  // namespace flow::actors
