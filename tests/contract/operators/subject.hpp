#pragma once

#include "harness.hpp"

#include "support/catch.hpp"

#include <deque>
#include <map>

namespace flow::testing {

/// Unlimited room, or one byte of it per call, and none at all in every other call.
class MeteredCollector final : public Collector {
 public:
  [[nodiscard]] bool has_room() const override { return !metered_ || (!frozen_ && !used_); }
  void emit(Batch batch, std::uint32_t port) override;

  void set_metered(bool metered) { metered_ = metered; }
  /// The next call of the operator begins.
  void next_call() {
    used_ = false;
    frozen_ = metered_ && !frozen_;
  }
  Emissions emissions;

 private:
  bool metered_ = false;
  bool frozen_ = true;
  bool used_ = false;
};

/// What the chain knows beside an operator: part of a snapshot as well.
struct CallState {
  bool interrupted = false;              ///< The last call returned `more`.
  EventTime calling = EventTime::min();  ///< The watermark it handles, or handled last.
  EventTime handled = EventTime::min();
};

/// One subtask: an operator instance with its context. What it owes and what comes next is plain
/// data.
class Subject {
 public:
  Subject(const OperatorCase& subject, std::uint32_t subtask, std::uint32_t parallelism);

  /// Begins the call that `step` means; false if the operator has more to say.
  bool begin(const ScriptStep& step, MeteredCollector& out);
  bool end(MeteredCollector& out);
  bool resume(MeteredCollector& out);
  /// Until done.
  void finish(MeteredCollector& out);

  /// Barrier now, everything copied out at once.
  MemorySnapshot snapshot();
  void begin_snapshot(MemorySnapshot& into);
  /// A slice; true when all is copied.
  bool copy_some(MemorySnapshot& into);
  void restore(const std::vector<const MemorySnapshot*>& parts, CallState state);

  [[nodiscard]] const CallState& state() const { return state_; }
  [[nodiscard]] Operator& op() { return *op_; }

 private:
  bool after(Result<Progress> progress, MeteredCollector& out);

  PoolHandle pool_ = SlabPool::make();
  ManualClock clock_;
  std::unique_ptr<Log> log_ = make_null_log();
  OperatorContext context_;
  std::unique_ptr<Operator> op_;
  CallState state_;
};

}  // namespace flow::testing
