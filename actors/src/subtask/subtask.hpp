#pragma once

#include "source/source_feed.hpp"
#include "subtask/snapshot_job.hpp"
#include "subtask/subtask_input.hpp"
#include "subtask/subtask_output.hpp"
#include "subtask/time_account.hpp"

#include "flow/actors/options.hpp"
#include "flow/checkpoint/barrier_aligner.hpp"
#include "flow/operators/chain.hpp"
#include "flow/operators/sink_operator.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// A manifest to go on from, and where its objects are.
struct RestorePoint {
  Manifest manifest;
  std::shared_ptr<SnapshotStore> store;
};

/// Everything a SUBTASK is made from. What is referred to outlives it.
struct SubtaskSetup {
  std::shared_ptr<const ExecutionPlan> plan;
  WiredSubtask wired;
  Attempt attempt;
  std::string lineage;
  std::shared_ptr<SnapshotStore> store;         ///< Null: snapshots are not written.
  std::shared_ptr<const RestorePoint> restore;  ///< Null: begin anew.
  RuntimeOptions options;
  RuntimeWorld world;
  /// Where partners of operators live; the SUBTASK actor sets it.
  PartnerHost* host = nullptr;
};

/// One operator chain at work: its inputs, its outputs, its state. Knows no actor.
///
/// Messages only append (on_*); step() decides what runs, for about a budget, in this order: finish
/// what is inside the chain, then take one element from an input or the source, then, with nothing
/// to read, give away what is held back. Between two elements it answers barriers and copies state
/// out.
///
/// A barrier that is aligned (at a source: triggered) is answered at once, whatever the chain has
/// left to do; only for `stop` and `final` the chain first comes to rest. Order at a barrier:
/// snapshot of the chain, committables prepared, barrier sent on; entries are copied out while rows
/// go on.
///
/// Owner: the SUBTASK actor.   Thread: actor-confined, but for restore_chain().
/// Errors: of operators and connectors, with context; after an error only the destructor is legal.
class Subtask {
 public:
  Subtask(SubtaskSetup setup, SubtaskPort& port, IoExecutor& io);
  ~Subtask();

  /// Opens operators and connectors.
  Status open();
  /// Reads the snapshot and gives it to the chain. Blocking: the actor runs it on an I/O thread and
  /// touches nothing meanwhile. Does nothing without a restore point.
  Status restore_chain();
  /// Sinks: makes the outside show what the restored manifest says was committed.
  void recover(const RecoverMsg& message, std::function<void(Status)> done);
  /// Everybody is open.
  void go();

  Status on_frame(ChannelFrame frame);
  void on_credit(std::uint32_t output, std::uint64_t granted);
  Status on_splits(const SplitsMsg& message);
  void on_prefix(PrefixDone prefix);
  void on_trigger(Epoch epoch, BarrierKind kind);
  void on_abort(Epoch epoch, BarrierKind kind);
  void on_commit(Epoch epoch);
  /// The outside of that link has something for it.
  void on_outside(const std::string& link);

  Status step();

  [[nodiscard]] SubtaskReport report() const;
  [[nodiscard]] bool is_source() const noexcept { return source_ != nullptr; }
  /// Schema of the rows on an input channel, for decoding.
  [[nodiscard]] const SchemaPtr& schema_of(std::uint32_t input) const;
  [[nodiscard]] SlabPool& pool() noexcept { return *pool_; }

 private:
  struct OpenSink {
    std::uint32_t link = 0;
    std::string name;
    SinkWriter* writer = nullptr;       // owned by the chain's operator
    std::vector<Committable> prepared;  // and not known to be committed
  };
  struct Barrier {
    Epoch epoch;
    BarrierKind kind = BarrierKind::periodic;
  };

  ConnectorContext& connector_context(std::uint32_t link, const std::string& name);
  Result<std::unique_ptr<Operator>> open_link(std::uint32_t index);
  void on_outside_ready(std::uint32_t link);

  Result<bool> feed(std::chrono::nanoseconds now);
  void on_barrier(std::size_t channel, Epoch epoch, BarrierKind kind);
  [[nodiscard]] bool can_answer() const noexcept;
  Status answer_barrier();
  void prepare_sinks(Epoch epoch);
  Status copy_slice();
  void maybe_acknowledge();
  void give_up_snapshot();
  void start_commit();
  void fail(Error error);
  void rest(bool more, std::chrono::nanoseconds now);
  [[nodiscard]] Status hit(std::string_view point) const;

  SubtaskSetup setup_;
  const PlannedChain& planned_;
  SubtaskPort& port_;
  IoExecutor& io_;
  PoolHandle pool_;
  std::chrono::nanoseconds budget_;
  std::chrono::nanoseconds linger_;

  SubtaskInput input_;
  SubtaskOutput output_;
  BarrierAligner aligner_;
  std::deque<ConnectorContext> contexts_;  // connectors may keep a reference
  std::vector<OpenSink> sinks_;
  std::unique_ptr<SourceFeed> source_;
  std::unique_ptr<Chain> chain_;  // after what it refers to
  Chain::State chain_state_ = Chain::State::idle;

  bool running_ = false;
  bool flushed_ = true;  // nothing entered the chain since the last flush
  bool reported_end_ = false;
  bool restored_end_ = false;  // the source's input had ended at the restored barrier
  EventTime restored_watermark_ =
      EventTime::min();           // the last one the source had said at that barrier
  bool reading_stopped_ = false;  // behind a `stop` barrier
  Epoch broken_at_;               // see RuntimeOptions::break_alignment_for_tests
  std::optional<Barrier> due_;    // aligned, to be answered
  Epoch aborted_;                 // this epoch and all before it will not complete

  // The snapshot under way.
  std::unique_ptr<SnapshotJob> snapshot_;
  /// One that was given up in the middle of copying. The operators cannot begin the next before
  /// they are through with it, so it is copied to its end, into nothing; a barrier that is due
  /// waits for that.
  std::unique_ptr<SnapshotJob> abandoned_;
  std::optional<std::vector<OperatorSnapshot>> parts_;
  std::size_t preparing_ = 0;  // sinks that have not answered

  std::vector<Epoch> commits_;  // asked for, in order; the first is under way
  std::size_t committing_ = 0;
  std::optional<Error> failure_;  // of a callback; the next step returns it

  TimeAccount time_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace flow::actors
