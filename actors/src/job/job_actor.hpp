#pragma once

#include "io/actor_io.hpp"
#include "io/attempt_io.hpp"
#include "job/job_board.hpp"
#include "job/job_progress.hpp"
#include "job/job_start.hpp"
#include "seam/messages.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace flow::actors {

struct JobSetup {
  std::shared_ptr<const ExecutionPlan> plan;
  RunOptions run_options;
  RuntimeOptions options;
  RuntimeWorld world;
  JobObserver observer;
  std::shared_ptr<JobBoard> board;
  IoPool* pool = nullptr;  ///< Outlives the actor system's actors.
  Address node;
};

/// The JOB: one job's plan and life. Turns the plan into running actors and back, as often as the
/// SUPERVISOR says.
///
///   prepare (fence, manifest, sinks' outside: I/O) → spawn and connect → all open → sinks
///   recovered → go … failure: all actors of the attempt end, its I/O comes to rest, then the next
///   attempt or the end.
///
/// An attempt is torn down as a whole; nothing of it is alive when the next one begins. Once the
/// last checkpoint is committed nothing that fails in the attempt matters any more: it is asked for
/// its last reports and torn down, then the sinks are finished and the end is recorded. No attempt
/// begins after that.
class JobActor final : public Actor {
 public:
  JobActor(caf::actor_config& config, JobSetup setup);
  void on_exit() override;

 protected:
  Behavior handlers() override;
  void on_ended(ActorId who, std::optional<Error> cause) override;
  void on_exit_request() override;

 private:
  enum class Phase : std::uint8_t {
    preparing,
    opening,
    recovering,
    running,
    reporting,     // all is committed, the subtasks say what they did
    tearing_down,  // actors end, I/O comes to rest
    waiting,       // to begin the next attempt, or to finish once more
    finishing,     // nothing of the attempt is left, the sinks are finished, the end is recorded
    over
  };
  /// What comes after an attempt has been torn down.
  struct Next {
    std::optional<Micros> restart_after;
    JobState end = JobState::failed;
    std::optional<Error> error;
    bool committed = false;  // everything the end promises; only a formality is left
    std::optional<Epoch> finish_after =
        std::nullopt;  // the last epoch, if the run is to be finished
  };

  void on_time();
  void begin_attempt();
  void spawn_attempt();
  void on_opened(std::uint32_t subtask);
  void maybe_recover();
  void recover();
  void go();
  void on_verdict(VerdictMsg& message);
  void on_checkpoint(CheckpointMsg& message);
  void on_stop();
  void on_cancel();
  void on_all_committed(BarrierKind kind, Epoch epoch);
  void tear_down(Next next);
  void maybe_torn_down();
  void on_torn_down();
  void finish_sinks();
  void record_end();
  void on_finish_verdict(VerdictMsg& message);
  void on_end_late();
  void warn(Error warning);
  void end(JobState state, std::optional<Error> error);
  void report_failure(Error error);

  void trace(const std::string& what);
  void set_state(JobState state);
  void notify(JobEvent event);
  void request_report(std::function<void()> then);
  void on_report(ReportMsg& message);
  void close_reports();
  [[nodiscard]] JobProgress progress_now();
  void set_deadline(Micros after);
  void tell_supervisor(bool running);

  JobSetup setup_;
  std::shared_ptr<const Wiring> wiring_;
  std::shared_ptr<JobStart> start_;
  ProgressSum sum_;
  Address supervisor_;

  // The attempt.
  Phase phase_ = Phase::preparing;
  AttemptStart attempt_;
  std::shared_ptr<AttemptIo> attempt_io_;
  std::unique_ptr<ActorIo> io_;
  std::uint64_t next_ticket_ = 1;  // of the next attempt's io_
  std::vector<Address> subtasks_;
  std::vector<Address> enumerators_;
  Address coordinator_;
  std::set<ActorId> alive_;
  std::set<std::uint32_t> waiting_for_;  // subtasks to open, then to recover
  std::vector<EnumeratorState> enumerated_;
  std::optional<Next> next_;
  std::optional<Epoch> finish_after_;  // all is committed up to it
  bool sinks_finished_ = false;
  bool io_idle_ = false;
  bool commits_unrecorded_ = false;  // rows may be visible that no manifest knows of
  bool stop_asked_ = false;
  bool cancelled_ = false;

  std::uint64_t round_ = 0;       // what the SUPERVISOR judges: an attempt, or how it is finished
  std::uint64_t generation_ = 0;  // of the timer that counts
  std::uint64_t ticket_ = 0;
  std::set<std::uint32_t> not_reported_;
  std::vector<std::optional<SubtaskReport>> reports_;
  std::vector<std::function<void()>> after_report_;

  JobProgress progress_;
  std::chrono::nanoseconds began_{};
  std::optional<std::chrono::nanoseconds> last_checkpoint_at_;
  std::vector<Error> warnings_;
};

}  // namespace flow::actors
