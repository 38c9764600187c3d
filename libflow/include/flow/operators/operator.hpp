#pragma once

#include "flow/base/clock.hpp"
#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/base/log.hpp"
#include "flow/record/batch.hpp"
#include "flow/state/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Whether a call finished. `more`: the collector filled up, the time slice ended, or something
/// outside cannot take rows now (waits_outside()); what is left is kept by the operator as plain
/// data and `resume` continues it.
enum class Progress : std::uint8_t { done, more };

/// Takes an operator's output. Room is counted in bytes and bounded: an operator that can produce
/// more than its input checks has_room() between pieces and returns `more` when it is false. emit()
/// itself never refuses (one batch of overdraft), so a row-to-row operator need not check.
///
/// Port 0 is the main output; further ports are side outputs (late rows) in the operator's order.
/// Owner: the chain.   Thread: actor-confined.
class Collector {
 public:
  virtual ~Collector() = default;
  [[nodiscard]] virtual bool has_room() const = 0;
  virtual void emit(Batch batch, std::uint32_t port = 0) = 0;
};

class PartnerHost;

/// What an operator may know about where it runs. Outlives the operator.
struct OperatorContext {
  std::string name;  ///< The node's name: what state, metrics and messages refer to.
  SubtaskIndex subtask;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
  KeyGroupRange owned;  ///< Key groups of this subtask.
  SlabPool& pool;
  const Clock& clock;
  Log& log;
  /// Where partners outside the chain live (partner.hpp); null where there can be none.
  PartnerHost* host = nullptr;
};

/// One step of a topology: passive, runtime-free, resumable.
///
/// The chain calls, one at a time and from one thread at a time:
///   open · restore? · (on_batch | on_watermark | on_processing_time)* · on_end
/// After a call returned `more`, only resume(), snapshot() and the destructor are legal until
/// resume() returns `done`. A watermark is forwarded by the chain when the call that handled it is
/// done. snapshot() is legal at any moment between calls, also while `more` is pending; a fresh
/// instance that restores it and is resumed produces exactly the rows still owed.
///
/// on_batch may keep the batch or parts of it, but copies what it keeps for long
/// (record/compact.hpp). A call should take about a millisecond at most; longer work returns
/// `more`. Errors end the attempt; they name the row if a row is at fault. on_error policies are
/// applied by sources and by the operators that say so, never by the chain.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual Status open(const OperatorContext& context) = 0;
  /// `input` numbers the inputs in the plan's order (union, joins); 0 for everyone else.
  virtual Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) = 0;
  /// `now` is the minimum over all active inputs and only grows.
  virtual Result<Progress> on_watermark(EventTime now, Collector& out);
  /// What the chain forwards when on_watermark(now) is done: `now`, or less if rows of an earlier
  /// event time will follow (a window that waits for its lateness; answers that are still
  /// outside). Grows with `now`.
  [[nodiscard]] virtual EventTime output_watermark(EventTime now) const { return now; }
  /// Called when the time next_wakeup() asked for has come.
  virtual Result<Progress> on_processing_time(EventTime now, Collector& out);
  [[nodiscard]] virtual std::optional<EventTime> next_wakeup() const { return std::nullopt; }
  /// There is nothing to read for the moment: give away rows that are held back only to make larger
  /// batches, if somebody may see them sooner for it (coalescing, a sink's buffer).
  virtual Result<Progress> on_flush(Collector& out);
  /// The inputs are idle: from now on the watermark passes without them, so everything that is held
  /// back for it must go (pre-aggregation). Calls on_flush() unless overridden.
  virtual Result<Progress> on_idle(Collector& out);
  /// All inputs have ended; a watermark of EventTime::max() came before.
  virtual Result<Progress> on_end(Collector& out);
  /// Continues the call that returned `more`. With nothing left to do it returns `done`: after a
  /// rescale an operator may be resumed that another subtask's part was the interrupted one of.
  virtual Result<Progress> resume(Collector& out);
  /// Asked after `more`: true if resuming makes no sense before Chain::wake() was called (a sink
  /// whose outbox is full).
  [[nodiscard]] virtual bool waits_outside() const { return false; }
  /// Something is under way outside that will come back here, whether or not a call was
  /// interrupted: then Chain::wake() leads to on_outside() (or to resume()), and a chain that must
  /// come to rest first waits for it.
  [[nodiscard]] virtual bool awaits_outside() const { return false; }
  /// Chain::wake() was called while no call was interrupted: takes what came back. The chain then
  /// asks output_watermark() again, for a watermark that was held back.
  virtual Result<Progress> on_outside(Collector& out);

  /// Writes everything a successor needs, except keyed tables that copy_out() writes.
  virtual Status snapshot(SnapshotSink& sink) = 0;
  /// Begins epoch `epoch` of the tables: from now on every write first saves what copy_out() has
  /// not written yet. Called right before snapshot().
  virtual void begin_copy_out(Epoch epoch);
  /// Writes a slice of keyed entries as of the barrier, about `bytes` of them; `done` when all are
  /// written.
  virtual Result<Progress> copy_out(SnapshotSink& sink, ByteCount bytes);
  /// Asked after copy_out() returned `more`: true if calling it again makes no sense before
  /// Chain::wake() was called.
  [[nodiscard]] virtual bool copy_waits_outside() const { return false; }
  virtual Status restore(SnapshotSource& source) = 0;

  /// The key group of each selected row of a batch of `input`; false if rows of that input are not
  /// bound to key groups. Batches that wait in front of the operator are part of a snapshot, and
  /// this is how they find the subtask that owns their keys after a rescale.
  virtual Result<bool> key_groups(std::uint32_t input, const Batch& batch,
                                  std::vector<KeyGroup>& groups);

  /// Bytes of state held, for accounting and metrics.
  [[nodiscard]] virtual ByteCount state_bytes() const { return {}; }
  /// Rows that came too late and were not counted in; shown at the end of a run.
  [[nodiscard]] virtual std::uint64_t late_rows() const { return 0; }
};

}  // namespace flow
