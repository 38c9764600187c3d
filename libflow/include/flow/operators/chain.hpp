#pragma once

#include "flow/operators/operator.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Where a port of an operator in a chain goes: to another operator of the chain, or out of it.
struct ChainTarget {
  bool inside = true;
  std::uint32_t index = 0;  ///< Operator in the chain, or output edge of the subtask.
  std::uint32_t input = 0;  ///< Input of that operator.
};

/// One operator and where its ports go. A chain is a DAG in topological order: targets inside have
/// a higher index. A port without target drops its rows (an unread side output), counted by nobody.
struct ChainLink {
  std::string name;  ///< Node name; unique in the chain.
  std::unique_ptr<Operator> op;
  std::uint32_t inputs = 1;  ///< How many inputs of this operator exist (inside and outside ones).
  std::vector<std::vector<ChainTarget>> ports;
};

/// Where an input of the subtask enters the chain.
struct ChainEntry {
  std::uint32_t op = 0;
  std::uint32_t input = 0;
};

/// Takes what leaves the chain. has_room(edge) false stops the operators that feed that edge, and
/// through them everything upstream. emit() may overdraw once.
class ChainOutput {
 public:
  virtual ~ChainOutput() = default;
  [[nodiscard]] virtual bool has_room(std::uint32_t edge) const = 0;
  virtual void emit(std::uint32_t edge, Batch batch) = 0;
  /// Never less than the last one of that edge; the same again after emit_idle(): rows may come
  /// again.
  virtual void emit_watermark(std::uint32_t edge, EventTime watermark) = 0;
  /// No rows for the moment: this channel does not hold the watermark back until something follows.
  virtual void emit_idle(std::uint32_t edge) = 0;
  virtual void emit_end(std::uint32_t edge) = 0;
};

/// Counters of one operator, read by the runtime for progress and metrics.
struct OperatorCounters {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t late_rows = 0;
  std::uint64_t state_bytes = 0;
  EventTime watermark = EventTime::min();  ///< Last one handled.
};

/// Runs a DAG of operators as a loop: no nested calls, each operator has at most one pending input
/// and one continuation. An operator is called only while every queue and edge its ports lead to
/// has room; an inner queue has room while it is empty, so what waits inside is one batch per
/// operator plus the overdraft of one call.
///
/// push_*() is legal only when accepts(entry); it puts one element in front of the entry operator.
/// step() runs the deepest operator that can run, again and again, until nothing can run (`idle`),
/// output room is missing (`blocked`) or the budget is used up (`busy`). Watermarks of several
/// inputs of an operator are combined by time/watermark_combiner.hpp and forwarded when handled, to
/// every port. The end of all inputs raises the watermark to EventTime::max() first. An input that
/// goes on after it was idle says so at once: its watermark is sent again, unchanged.
///
/// A snapshot is legal between any two calls: begin_snapshot() writes per operator its blobs, the
/// batches and watermarks that wait inside, and the continuation; copy_out() then writes keyed
/// entries in slices while rows go on. restore() precedes the first push; what was pending is
/// finished before new input (accepts() stays false until then). Restored at another parallelism,
/// waiting rows go to the owner of their key group (Operator::key_groups), rows without one to one
/// of the new subtasks.
///
/// Owner: one SUBTASK attempt.   Thread: actor-confined.
/// Errors: the operators', with context "operator 'name'"; exceptions of operators become
/// operator_failed (internal for our own checks). After an error only the destructor is legal.
class Chain {
 public:
  enum class State : std::uint8_t {
    idle,     ///< Nothing to do until something is pushed, a wakeup comes, or wake() is called.
    blocked,  ///< Waits for output room, or for wake().
    busy,     ///< The budget ended with work left.
    ended,    ///< All entries ended, on_end is done everywhere, ends were emitted.
  };

  /// Opens the operators. `contexts[i]` belongs to `links[i]`; `output` and what the contexts refer
  /// to outlive the chain. The steps are timed and wakeups fired by the first context's clock.
  static Result<std::unique_ptr<Chain>> open(std::vector<ChainLink> links,
                                             std::vector<ChainEntry> entries,
                                             std::vector<OperatorContext> contexts,
                                             ChainOutput& output);
  virtual ~Chain() = default;

  [[nodiscard]] virtual bool accepts(std::uint32_t entry) const = 0;
  virtual void push_batch(std::uint32_t entry, Batch batch) = 0;
  virtual void push_watermark(std::uint32_t entry, EventTime watermark) = 0;
  virtual void push_idle(std::uint32_t entry) = 0;
  virtual void push_end(std::uint32_t entry) = 0;

  /// Runs for about `budget` of the operators' clock; at least one call if one can run.
  virtual Result<State> step(std::chrono::nanoseconds budget) = 0;
  /// Asks every operator to give away what it holds back, as soon as nothing that is under way in
  /// the chain can reach it any more; runs within the following steps. Not part of a snapshot.
  virtual void request_flush() = 0;
  /// An operator's outside (a sink's outbox, a partner) can go on: it is runnable again.
  virtual void wake(std::uint32_t op) = 0;
  /// Something is under way outside that will come back into the chain: it may be idle, but not at
  /// rest.
  [[nodiscard]] virtual bool awaits_outside() const = 0;
  /// Earliest processing time (Clock::wall) an operator wants to be called at; a step() from then
  /// on does.
  [[nodiscard]] virtual std::optional<EventTime> next_wakeup() const = 0;

  virtual Status begin_snapshot(Epoch epoch, const std::vector<SnapshotSink*>& sinks) = 0;
  /// `done` when every table of epoch begin_snapshot() gave is written.
  virtual Result<Progress> copy_out(const std::vector<SnapshotSink*>& sinks, ByteCount bytes) = 0;
  /// What is left to copy out waits for wake().
  [[nodiscard]] virtual bool copy_waits_outside() const = 0;
  virtual Status restore(const std::vector<SnapshotSource*>& sources) = 0;

  [[nodiscard]] virtual std::vector<OperatorCounters> counters() const = 0;
};

}  // namespace flow
