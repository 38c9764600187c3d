#pragma once

#include "flow/operators/chain.hpp"
#include "flow/time/watermark_combiner.hpp"

#include <cstdint>

namespace flow::actors {

/// What one entry of a chain is still to be told about event time: the channels of an edge, or the
/// splits of a source, combined. Elements enter one at a time, so what is due waits here; rows wait
/// behind it.
///
/// Owner: an input or source of one SUBTASK attempt.   Thread: actor-confined.
class EntryMarks {
 public:
  explicit EntryMarks(std::uint32_t channels) : combiner_{channels} {}

  void on_watermark(std::uint32_t channel, EventTime watermark) {
    note(combiner_.on_watermark(channel, watermark));
  }
  void on_rows(std::uint32_t channel) { note(combiner_.on_rows(channel)); }
  void on_idle(std::uint32_t channel) { note(combiner_.on_idle(channel)); }
  void on_finished(std::uint32_t channel) {
    combiner_.on_finished(channel);
    // The last end changes no watermark if the end of time was said before.
    note(true);
  }

  [[nodiscard]] bool due() const noexcept { return mark_due_ || idle_due_ || end_due_; }
  /// Pushes one element that is due. Precondition: due() and chain.accepts(entry).
  void push(Chain& chain, std::uint32_t entry) {
    if (mark_due_) {
      mark_due_ = false;
      chain.push_watermark(entry, combiner_.watermark());
    } else if (idle_due_) {
      idle_due_ = false;
      chain.push_idle(entry);
    } else if (end_due_) {
      end_due_ = false;
      chain.push_end(entry);
    }
  }
  [[nodiscard]] WatermarkCombiner& combiner() noexcept { return combiner_; }
  [[nodiscard]] const WatermarkCombiner& combiner() const noexcept { return combiner_; }

 private:
  void note(bool changed) {
    if (!changed || ended_) return;
    if (combiner_.finished()) {
      // The chain raises the watermark to the end of time by itself.
      ended_ = end_due_ = true;
      mark_due_ = idle_due_ = false;
      return;
    }
    const bool idle = combiner_.idle();
    if (combiner_.watermark() > pushed_ || (was_idle_ && !idle)) {
      mark_due_ = combiner_.watermark() != EventTime::min() || was_idle_;
      pushed_ = combiner_.watermark();
    }
    idle_due_ = idle && (!was_idle_ || mark_due_);
    was_idle_ = idle;
  }

  WatermarkCombiner combiner_;
  EventTime pushed_ = EventTime::min();
  bool was_idle_ = false;
  bool mark_due_ = false;
  bool idle_due_ = false;
  bool end_due_ = false;
  bool ended_ = false;
};

}  // namespace flow::actors
