// What is known to the seam alone: messages that carry addresses, and which structs may be sent.
// What loss and doubling of them would do is said with all others in flow/actors/protocol.hpp.
#pragma once

#include "seam/actor.hpp"

#include "flow/actors/protocol.hpp"
#include "flow/actors/runtime.hpp"
#include "flow/checkpoint/restart_policy.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace flow::actors {

/// JOB → everybody of an attempt, first of all: who is who. A SUBTASK and an ENUMERATOR begin to
/// open.
struct ConnectMsg {
  Attempt attempt;
  Address job;
  Address supervisor;
  Address coordinator;
  Address enumerator;             ///< Of the chain's source; none for other chains.
  std::vector<Address> subtasks;  ///< By SubtaskNumber; for an ENUMERATOR: of its chain, by index.
};

/// To itself: run a step.
struct StepMsg {};
/// To itself: actors of the user's that have not ended by now are made to.
struct EndGuestsMsg {};
/// To itself: it is time. `generation` says which of several timers it is.
struct TimerMsg {
  std::uint64_t generation = 0;
};

/// JOB → COORDINATOR. `start`: every SUBTASK runs, checkpoints may begin. `stop`: make one of kind
/// `stop` as soon as possible.
struct CoordinateMsg {
  Attempt attempt;
  bool start = false;
  std::vector<EnumeratorState> enumerators;
  bool stop = false;
};
/// COORDINATOR → JOB: what became of a checkpoint. For `final` and `stop` that completed, all is
/// committed as well.
struct CheckpointMsg {
  Attempt attempt;
  Epoch epoch;
  BarrierKind kind = BarrierKind::periodic;
  std::optional<Error> error;
  Micros duration{};
  std::uint64_t bytes = 0;
};
/// COORDINATOR → JOB, before the sinks hear of it: from now on rows become visible that no manifest
/// knows of. An attempt that begins behind this one would write them again.
struct CommittingMsg {
  Attempt attempt;
};
/// SUPERVISOR → JOB: the first cause of the attempt's end, and what to do about it. `round` is that
/// of the last AttemptMsg.
struct VerdictMsg {
  Attempt attempt;
  std::uint64_t round = 0;
  Error cause;
  RestartVerdict verdict;
};
/// JOB → SUPERVISOR: an attempt begins or, if `running`, runs from now on. A new `round` of an
/// attempt: all of it is committed, what failed before does not matter; now it is being finished.
struct AttemptMsg {
  Attempt attempt;
  std::uint64_t round = 0;
  bool running = false;
};
/// I/O → JOB: nothing of the attempt runs on an I/O thread any more.
struct IoIdleMsg {
  Attempt attempt;
};

/// JobHandle → JOB.
struct StopMsg {};
struct CancelMsg {};
/// JobHandle → JOB: the answer goes into the box.
struct ProgressBox;
struct ProgressMsg {
  std::shared_ptr<ProgressBox> box;
};

/// Anybody's thread → the door of a job: its answer to a ProgressMsg, an event, its end.
struct ProgressAnswerMsg {
  std::uint64_t ticket = 0;
  JobProgress progress;
};
struct JobEventMsg {
  JobEvent event;
};
struct JobEndedMsg {
  JobProgress progress;
};

/// Runtime → NODE → JOB: run this.
class JobBoard;
struct StartJobMsg {
  std::shared_ptr<const ExecutionPlan> plan;
  RunOptions options;
  JobObserver observer;
  std::shared_ptr<JobBoard> board;
};
/// JOB → NODE: over; its name is free.
struct JobOverMsg {
  std::string job;
};
/// JOB → NODE: wait for this one as well, before you end.
struct HelperMsg {
  Address who;
};
/// Runtime → NODE: cancel everything, end when all jobs have.
struct ShutdownMsg {};

}  // namespace flow::actors

#define FLOW_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::actors::type)
FLOW_MESSAGE(FrameMsg)
FLOW_MESSAGE(WireFrameMsg)
FLOW_MESSAGE(CreditMsg)
FLOW_MESSAGE(OpenedMsg)
FLOW_MESSAGE(RecoverMsg)
FLOW_MESSAGE(RecoveredMsg)
FLOW_MESSAGE(GoMsg)
FLOW_MESSAGE(FailedMsg)
FLOW_MESSAGE(ReportRequestMsg)
FLOW_MESSAGE(ReportMsg)
FLOW_MESSAGE(BarrierReportMsg)
FLOW_MESSAGE(TriggerMsg)
FLOW_MESSAGE(AbortMsg)
FLOW_MESSAGE(AcknowledgeMsg)
FLOW_MESSAGE(DeclinedMsg)
FLOW_MESSAGE(CommitMsg)
FLOW_MESSAGE(CommittedMsg)
FLOW_MESSAGE(EndedMsg)
FLOW_MESSAGE(EnumeratedMsg)
FLOW_MESSAGE(SplitRequestMsg)
FLOW_MESSAGE(SplitsMsg)
FLOW_MESSAGE(SplitDoneMsg)
FLOW_MESSAGE(PrefixMsg)
FLOW_MESSAGE(ConnectMsg)
FLOW_MESSAGE(StepMsg)
FLOW_MESSAGE(EndGuestsMsg)
FLOW_MESSAGE(TimerMsg)
FLOW_MESSAGE(CoordinateMsg)
FLOW_MESSAGE(CheckpointMsg)
FLOW_MESSAGE(CommittingMsg)
FLOW_MESSAGE(VerdictMsg)
FLOW_MESSAGE(AttemptMsg)
FLOW_MESSAGE(IoIdleMsg)
FLOW_MESSAGE(StopMsg)
FLOW_MESSAGE(CancelMsg)
FLOW_MESSAGE(ProgressMsg)
FLOW_MESSAGE(ProgressAnswerMsg)
FLOW_MESSAGE(JobEventMsg)
FLOW_MESSAGE(JobEndedMsg)
FLOW_MESSAGE(StartJobMsg)
FLOW_MESSAGE(JobOverMsg)
FLOW_MESSAGE(HelperMsg)
FLOW_MESSAGE(ShutdownMsg)
#undef FLOW_MESSAGE
