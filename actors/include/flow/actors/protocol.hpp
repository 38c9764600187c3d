// The protocol of the runtime on one page: every message, from → to, when, what the receiver owes,
// and what happens if it is lost or comes twice.
//
// Every message carries the attempt it belongs to. A receiver of another attempt drops it (a
// SUBTASK counts it). Inside one process the scheduler delivers each message once and in order per
// sender and priority, so nothing is lost or doubled; what is said about loss and duplication is
// what would happen if a link did. Where that is "for ever", a link between processes has to
// repeat the message, or its end has to fail the attempt.
//
// Messages that carry addresses or belong to the JOB's own house are declared in
// src/seam/messages.hpp; the list at the end of this file says the same of them.
//
// Priorities: frames between SUBTASKs are normal and in order; credit and everything to or from
// JOB, COORDINATOR, SUPERVISOR and ENUMERATOR is high and overtakes them, because it must be
// answered within milliseconds. The two exceptions are marked.
#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/base/units.hpp"
#include "flow/checkpoint/pending_checkpoints.hpp"
#include "flow/connector/sink.hpp"
#include "flow/connector/source.hpp"
#include "flow/record/batch.hpp"
#include "flow/time/sequential_splits.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// Number of a SUBTASK in the whole job: chains in plan order, their subtasks in order.
using SubtaskNumber = StrongId<struct SubtaskNumberTag, std::uint32_t>;

/// What a checkpoint is for.
enum class BarrierKind : std::uint8_t {
  periodic = 0,  ///< Goes on afterwards.
  stop = 1,      ///< Sources read nothing more behind it; the job ends as `stopped`.
  final = 2,     ///< All input has ended; the job ends as `finished`.
};

// ---- between SUBTASKs
// -------------------------------------------------------------------------------------

/// One element of a channel. Frames of a channel are numbered from 1 without gaps.
struct ChannelFrame {
  enum class Kind : std::uint8_t {
    rows = 0,     ///< `batch`, then `watermark` if it is not min().
    mark = 1,     ///< `watermark` alone.
    idle = 2,     ///< No rows for the moment; `watermark` if it is not min().
    end = 3,      ///< No rows ever again. Barriers still follow.
    barrier = 4,  ///< `epoch`, `barrier`, `assignment`. Needs no credit.
  };
  Kind kind = Kind::mark;
  BarrierKind barrier = BarrierKind::periodic;
  std::uint32_t channel = 0;   ///< The receiver's number of the channel.
  std::uint64_t sequence = 0;  ///< A barrier's is its channel's last sequence + 1 like any other's.
  EventTime watermark = EventTime::min();
  Epoch epoch;
  /// Of rows: the credit it used, in bytes: those of the slabs it keeps alive, whole. The receiver
  /// gives back exactly that.
  std::uint64_t cost = 0;
  std::uint32_t assignment = 0;  ///< Version of the key-group assignment the sender partitions by.
  Batch batch;
};

/// SUBTASK → SUBTASK, normal priority. The sender held credit for a `rows` frame when it sent it (a
/// positive balance; one frame may overdraw). The receiver appends it to its channel and owes a
/// CreditGrant once it took it in. Lost: the next frame shows the gap, at the latest one that is
/// sent when a checkpoint is given up, and the receiver fails with channel_gap, the attempt
/// restarts. Twice: dropped.
struct FrameMsg {
  Attempt attempt;
  ChannelFrame frame;
};

/// SUBTASK → SUBTASK, instead of FrameMsg under `wire: always`: the same frame as bytes, decoded
/// strictly.
struct WireFrameMsg {
  Attempt attempt;
  Buffer bytes;
};

/// SUBTASK → SUBTASK, against the frames. `granted` is the total ever granted on the channel, so
/// that a lost grant is healed by the next, at the latest when a checkpoint is given up, and a
/// doubled one changes nothing.
struct CreditMsg {
  Attempt attempt;
  std::uint32_t channel = 0;  ///< The sender's (of frames) number of the channel.
  std::uint64_t granted = 0;
};

// ---- JOB, SUPERVISOR ↔ SUBTASK
// --------------------------------------------------------------------------------

/// SUBTASK → JOB once its operators and connectors are open and its state is restored. Lost: the
/// JOB gives the attempt up after lifecycle_timeout. Twice: nothing.
struct OpenedMsg {
  Attempt attempt;
  SubtaskNumber subtask;
};
/// JOB → sink SUBTASK with index 0 of each sink, after all have opened and before anyone runs:
/// every committable of the restored manifest. The receiver owes RecoveredMsg when the outside
/// shows exactly what was committed. Lost, or the answer: the JOB gives the attempt up after
/// lifecycle_timeout. Twice: recovered twice, which is idempotent; the second answer is dropped.
struct RecoverMsg {
  Attempt attempt;
  struct OfSink {
    std::string link;
    std::vector<Committable> committables;
  };
  std::vector<OfSink> sinks;
};
/// Sink SUBTASK → JOB, the answer. Lost, twice: see RecoverMsg.
struct RecoveredMsg {
  Attempt attempt;
  SubtaskNumber subtask;
};
/// JOB → every SUBTASK: all are open, run. Lost: that SUBTASK stands still and its neighbours wait;
/// checkpoints expire and nobody gives the attempt up. Twice: nothing.
struct GoMsg {
  Attempt attempt;
};
/// SUBTASK, ENUMERATOR, COORDINATOR → SUPERVISOR when it cannot go on; the sender does nothing
/// more. Also JOB → SUPERVISOR, for an actor that has died, which the JOB notices as its monitor,
/// and for what fails in the JOB itself. The first one of an attempt is the cause, later ones, and
/// so a doubled one, are dropped. Lost: the sender stands still for ever; checkpoints expire.
struct FailedMsg {
  Attempt attempt;
  std::string who;
  Error error;
};
/// JOB → SUBTASK when somebody wants to know, and at the end of a run. The receiver owes a
/// ReportMsg with the same ticket. Lost, or the answer: who asked is answered with what is known
/// when the attempt is torn down; at the end of a run the last known report counts after
/// lifecycle_timeout. Twice: answered twice.
struct ReportRequestMsg {
  Attempt attempt;
  std::uint64_t ticket = 0;
};
/// What one link of a chain has done in this attempt.
struct LinkReport {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t late_rows = 0;
  std::uint64_t bad_rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t state_bytes = 0;
  EventTime watermark = EventTime::min();
  std::string summary;  ///< Of a sink.
};
struct SubtaskReport {
  std::vector<LinkReport> links;
  std::uint64_t busy_ns = 0;
  std::uint64_t idle_ns = 0;
  std::uint64_t backpressured_ns = 0;
  std::uint64_t dropped_messages = 0;
  std::uint64_t queued_bytes = 0;  ///< At the inputs.
};
/// SUBTASK → JOB, the answer. Lost: see ReportRequestMsg. Twice: the same numbers again, or dropped
/// because a newer ticket is out.
struct ReportMsg {
  Attempt attempt;
  SubtaskNumber subtask;
  std::uint64_t ticket = 0;
  SubtaskReport report;
};

/// SUBTASK → JOB at a barrier, before anything of its snapshot is durable: what it had done by
/// then. Should the job fall back to `epoch`, its counts go on from there. Lost: they go on too
/// low. Twice: the same again.
struct BarrierReportMsg {
  Attempt attempt;
  Epoch epoch;
  SubtaskNumber subtask;
  SubtaskReport report;
};

// ---- COORDINATOR ↔ SUBTASK, ENUMERATOR
// ------------------------------------------------------------------------

/// COORDINATOR → source SUBTASKs. The receiver owes a barrier behind what it has sent, then its own
/// snapshot. Lost: the checkpoint expires. Twice: the second is dropped.
struct TriggerMsg {
  Attempt attempt;
  Epoch epoch;
  BarrierKind kind = BarrierKind::periodic;
};
/// COORDINATOR → SUBTASKs: `epoch` will not complete. What was copied is dropped; what sinks
/// prepared stays theirs and goes into the next epoch's answer. A `stop` that fails lets sources
/// read on. SUBTASKs repeat their grants and show each other frames that may be missing. Lost:
/// costs memory until the next epoch. Twice: nothing.
struct AbortMsg {
  Attempt attempt;
  Epoch epoch;
  BarrierKind kind = BarrierKind::periodic;
};
/// SUBTASK → COORDINATOR: its part of `epoch` is durable. Lost: the checkpoint expires. Twice: the
/// second is dropped.
struct AcknowledgeMsg {
  Attempt attempt;
  Epoch epoch;
  SubtaskNumber subtask;
  SubtaskSnapshot snapshot;
};
/// SUBTASK → COORDINATOR: no snapshot of `epoch` can be had; the checkpoint fails, the job goes on.
/// Lost: the checkpoint expires. Twice: the second is of an epoch that is over and dropped.
struct DeclinedMsg {
  Attempt attempt;
  Epoch epoch;
  SubtaskNumber subtask;
  Error error;
};
/// COORDINATOR → sink SUBTASKs after the manifest of `epoch` is durable: everything prepared up to
/// it becomes visible. The receiver owes CommittedMsg. Lost, or the answer: the attempt fails after
/// the checkpoint timeout; the manifest still holds the committables and the next one commits them.
/// Twice: commit is idempotent.
struct CommitMsg {
  Attempt attempt;
  Epoch epoch;
};
/// Sink SUBTASK → COORDINATOR, the answer. Lost: see CommitMsg. Twice: the second is dropped.
struct CommittedMsg {
  Attempt attempt;
  Epoch epoch;
  SubtaskNumber subtask;
};
/// SUBTASK → COORDINATOR: every input ended and the chain has nothing left. After the last one the
/// COORDINATOR triggers the final checkpoint. Lost: it is never triggered and the run does not end,
/// but periodic checkpoints go on. Twice: nothing.
struct EndedMsg {
  Attempt attempt;
  SubtaskNumber subtask;
};

// ---- ENUMERATOR ↔ source SUBTASK
// ------------------------------------------------------------------------------

/// A split and where to go on in it.
struct SplitAssignment {
  Split split;
  std::string position;               ///< Empty: from its beginning.
  EventTime seen = EventTime::min();  ///< Highest event time read of it before.
};
/// ENUMERATOR → JOB when the splits are known. `bytes` go into every manifest: they do not change
/// during an attempt, because what was read of which split is in the snapshots of the subtasks.
/// Lost: the JOB gives the attempt up after lifecycle_timeout. Twice: counted as another source's;
/// a link must not deliver it twice.
struct EnumeratedMsg {
  Attempt attempt;
  EnumeratorState state;
};
/// SUBTASK → ENUMERATOR: wants a split. At most one request is open. The ENUMERATOR owes a
/// SplitsMsg. Lost, or the answer: that SUBTASK never reads on and the run does not end. Twice: it
/// gets a split more; asked again after `last`, an answer that changes nothing.
struct SplitRequestMsg {
  Attempt attempt;
  SubtaskNumber subtask;
};
/// ENUMERATOR → SUBTASK. `last`: nothing more will come. A split is assigned to one subtask per
/// attempt; one that was under way at a barrier is in nobody's snapshot and starts anew after a
/// restore, with nothing of it before the barrier. Lost: see SplitRequestMsg; the rows of its
/// splits are missing until a restart. Twice: the SUBTASK refuses a split it has, and the attempt
/// restarts.
struct SplitsMsg {
  Attempt attempt;
  std::vector<SplitAssignment> splits;
  bool last = false;
};
/// SUBTASK → ENUMERATOR: all rows of a split were handed on. Lost: the prefix, and with it the
/// watermark of splits in order, stays behind; a snapshot carries it over a restart. Twice:
/// nothing.
struct SplitDoneMsg {
  Attempt attempt;
  SplitDone done;
};
/// ENUMERATOR → source SUBTASKs: a longer prefix of the splits is done. Lost: the watermark waits
/// for the next. Twice: nothing.
struct PrefixMsg {
  Attempt attempt;
  PrefixDone prefix;
};

// ---- declared in src/seam/messages.hpp
// ------------------------------------------------------------------------
//
// ConnectMsg: JOB → everybody of an attempt, first: who is who. SUBTASKs begin to open, ENUMERATORs
// to list. Lost: no OpenedMsg or EnumeratedMsg, so the JOB gives the attempt up after
// lifecycle_timeout; if it was the COORDINATOR's, no checkpoint completes. Twice: dropped.
//
// CoordinateMsg: JOB → COORDINATOR: start, later perhaps stop. Lost: no checkpoints in this
// attempt and so no end; a stop that is lost is not made. Twice: nothing.
//
// CheckpointMsg: COORDINATOR → JOB: what became of a checkpoint. Lost: not shown; if it was `final`
// or `stop`, the job does not end. Twice: counted twice; the end is judged once.
//
// AttemptMsg: JOB → SUPERVISOR: an attempt begins, runs, or is being finished. Lost: failures of
// the new attempt are dropped as those of another one, for ever. Twice: a failure that was judged
// may be judged again.
//
// VerdictMsg: SUPERVISOR → JOB: the first cause and what to do. Lost: the attempt stays as it is,
// failed, for ever. Twice: dropped, because tearing down has begun.
//
// IoIdleMsg: I/O → JOB: nothing of the attempt runs on an I/O thread. Lost: the teardown ends at
// its deadline. Twice: nothing.
//
// StopMsg, CancelMsg: JobHandle → JOB. Lost: not done; ask again. Twice: nothing.
//
// ProgressMsg: JobHandle → JOB: the answer goes into a box. Lost: the box stays empty until the job
// has ended. Twice: answered twice.
//
// To itself (StepMsg, TimerMsg, EndGuestsMsg) and between the Runtime, the NODE and the doors of
// hosted jobs (StartJobMsg, JobOverMsg, ShutdownMsg, ProgressAnswerMsg, JobEventMsg, JobEndedMsg)
// messages stay in one process by design.

}  // namespace flow::actors
