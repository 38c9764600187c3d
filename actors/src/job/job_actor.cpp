#include "job/job_actor.hpp"

#include "supervisor/supervisor.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {

JobActor::JobActor(caf::actor_config& config, JobSetup setup)
    : Actor{config, "job", setup.world.log},
      setup_{std::move(setup)},
      wiring_{std::make_shared<const Wiring>(wire(*setup_.plan))},
      start_{std::make_shared<JobStart>(setup_.plan, setup_.run_options, setup_.world,
                                        setup_.options.seed)},
      sum_{*setup_.plan, *wiring_} {
  progress_.job = setup_.plan->job;
  progress_.checkpoints.enabled = !setup_.plan->checkpoints.directory.empty();
  began_ = setup_.world.clock.monotonic();
}

Behavior JobActor::handlers() {
  supervisor_ = spawn<SupervisorActor>(self(), restart_policy_of(setup_.plan->restart),
                                       std::cref(setup_.world.clock), std::ref(setup_.world.log),
                                       setup_.options.seed);
  tell_urgently(setup_.node, HelperMsg{supervisor_});
  reports_.resize(wiring_->subtasks.size());
  begin_attempt();
  const auto mine = [this](Attempt attempt) { return attempt == attempt_.attempt; };
  return {
      [this](IoDone& m) {
        if (!io_) return;  // of an attempt that is over
        if (auto status = io_->finish(m); !status) report_failure(std::move(status).error());
      },
      [this, mine](OpenedMsg& m) {
        if (mine(m.attempt) && phase_ == Phase::opening) on_opened(m.subtask.value);
      },
      [this, mine](EnumeratedMsg& m) {
        if (!mine(m.attempt) || phase_ != Phase::opening) return;
        enumerated_.push_back(std::move(m.state));
        maybe_recover();
      },
      [this, mine](RecoveredMsg& m) {
        if (!mine(m.attempt) || phase_ != Phase::recovering) return;
        waiting_for_.erase(m.subtask.value);
        if (waiting_for_.empty()) go();
      },
      [this, mine](VerdictMsg& m) {
        if (mine(m.attempt) && m.round == round_) on_verdict(m);
      },
      [this, mine](CheckpointMsg& m) {
        if (mine(m.attempt)) on_checkpoint(m);
      },
      [this, mine](CommittingMsg& m) {
        if (mine(m.attempt)) commits_unrecorded_ = true;
      },
      [this, mine](ReportMsg& m) {
        if (mine(m.attempt) && m.ticket == ticket_) on_report(m);
      },
      [this, mine](BarrierReportMsg& m) {
        if (!mine(m.attempt)) return;
        sum_.at_barrier(m.epoch, m.subtask, m.report);
        // Should it not come to say more, this is what it did.
        reports_[m.subtask.value] = std::move(m.report);
      },
      [this, mine](IoIdleMsg& m) {
        if (!mine(m.attempt)) return;
        io_idle_ = true;
        maybe_torn_down();
      },
      [this](TimerMsg& m) {
        if (m.generation == generation_) on_time();
      },
      [this](StopMsg&) { on_stop(); },
      [this](CancelMsg&) { on_cancel(); },
      [this](ProgressMsg& m) {
        if (phase_ != Phase::running) {
          m.box->put(progress_now());
          return;
        }
        request_report([this, box = m.box] { box->put(progress_now()); });
      },
  };
}

void JobActor::on_exit() {
  close_reports();
  if (phase_ != Phase::over) {
    // Ended from outside without its own end: whoever waits must hear of it.
    JobResult result;
    result.state = JobState::failed;
    result.error = Error{Errc::subtask_died, "the job ended without saying why"};
    result.progress = progress_;
    setup_.board->finish(std::move(result));
  }
  if (io_) io_->cancel_all();
  io_.reset();
  for (const auto& subtask : subtasks_) exit_now(subtask);
  subtasks_.clear();
  enumerators_.clear();
  coordinator_ = {};
  exit_now(supervisor_);
  supervisor_ = {};
  setup_.node = {};
}

void JobActor::on_exit_request() { on_cancel(); }

void JobActor::on_time() {
  switch (phase_) {
    case Phase::preparing:
    case Phase::opening:
    case Phase::recovering:
      report_failure(
          Error{Errc::start_timeout, "job '" + progress_.job + "' did not start in time"});
      break;
    case Phase::waiting:
      if (finish_after_)
        finish_sinks();
      else
        begin_attempt();
      break;
    case Phase::reporting:
    case Phase::tearing_down:
    case Phase::finishing:
      on_end_late();
      break;
    case Phase::running:
    case Phase::over:
      break;
  }
}

// --- While it runs.

void JobActor::on_checkpoint(CheckpointMsg& message) {
  auto& checkpoints = progress_.checkpoints;
  if (message.error) {
    ++checkpoints.failed;
    checkpoints.last_failure = message.error;
    log().warn("checkpoint failed job=" + progress_.job + " epoch=" +
               std::to_string(message.epoch.value) + " error=" + message.error->to_line());
    notify({.kind = JobEvent::Kind::checkpoint_failed,
            .epoch = message.epoch,
            .error = message.error});
    return;
  }
  sum_.forget_before(message.epoch);
  ++checkpoints.completed;
  checkpoints.last_epoch = message.epoch;
  checkpoints.last_duration = message.duration;
  checkpoints.last_bytes = message.bytes;
  last_checkpoint_at_ = setup_.world.clock.monotonic();
  notify({.kind = JobEvent::Kind::checkpoint_completed, .epoch = message.epoch});
  if (message.kind != BarrierKind::periodic) on_all_committed(message.kind, message.epoch);
}

void JobActor::on_stop() {
  if (stop_asked_ || phase_ == Phase::over) return;
  stop_asked_ = true;
  if (phase_ == Phase::waiting && !finish_after_) {
    end(JobState::stopped, std::nullopt);
    return;
  }
  if (phase_ != Phase::running) return;
  set_state(JobState::stopping);
  tell_urgently(coordinator_, CoordinateMsg{attempt_.attempt, false, {}, true});
}

void JobActor::on_cancel() {
  if (cancelled_ || phase_ == Phase::over) return;
  cancelled_ = true;
  switch (phase_) {
    case Phase::waiting:
      end(JobState::cancelled, std::nullopt);
      break;
    case Phase::tearing_down:
      if (next_ && next_->restart_after)
        next_ = Next{std::nullopt, JobState::cancelled, std::nullopt};
      break;
    // All is committed: what is left is only not waited for, or not tried again.
    case Phase::reporting:
      tear_down(*std::exchange(next_, std::nullopt));
      break;
    case Phase::finishing:
      break;
    default:
      tear_down({std::nullopt, JobState::cancelled, std::nullopt});
  }
}

// --- Failure.

void JobActor::report_failure(Error error) {
  tell_urgently(supervisor_, FailedMsg{attempt_.attempt, "the job", std::move(error)});
}

void JobActor::on_ended(ActorId who, std::optional<Error> cause) {
  alive_.erase(who);
  switch (phase_) {
    case Phase::tearing_down:
      maybe_torn_down();
      break;
    case Phase::reporting:
      tear_down(*std::exchange(next_, std::nullopt));
      break;
    case Phase::waiting:
    case Phase::finishing:
    case Phase::over:
      break;
    default:
      report_failure(
          cause ? *std::move(cause)
                : Error{Errc::subtask_died, "an actor of the job ended without saying why"});
  }
}

void JobActor::on_verdict(VerdictMsg& message) {
  switch (phase_) {
    case Phase::tearing_down:
    case Phase::waiting:
    case Phase::over:
      return;
    case Phase::reporting:
      log().warn("failure after the last commit ignored job=" + progress_.job +
                 " error=" + message.cause.to_line());
      tear_down(*std::exchange(next_, std::nullopt));
      return;
    case Phase::finishing:
      on_finish_verdict(message);
      return;
    default:
      break;
  }
  progress_.last_failure = message.cause;
  JobEvent event{.kind = JobEvent::Kind::attempt_failed, .error = message.cause};
  Next next;
  const auto* restart = std::get_if<RestartAfter>(&message.verdict);
  if (restart != nullptr && commits_unrecorded_) {
    next.error = Error{message.cause}.with_context(
        "committing the output of a job without checkpoints; a part of it may be visible");
  } else if (restart != nullptr) {
    event.delay = restart->delay;
    next.restart_after = restart->delay;
    log().warn("attempt failed job=" + progress_.job +
               " attempt=" + std::to_string(attempt_.attempt.value) + " restart_in=" +
               format_duration(restart->delay) + " error=" + message.cause.to_line());
  } else {
    next.error = std::get<GiveUp>(message.verdict).error;
  }
  notify(std::move(event));
  if (next.restart_after) set_state(JobState::restarting);
  tear_down(std::move(next));
}

// --- Telling.

void JobActor::trace(const std::string& what) {
  if (log().enabled(LogLevel::debug))
    log().debug(what + " job=" + progress_.job +
                " attempt=" + std::to_string(attempt_.attempt.value));
}

void JobActor::set_state(JobState state) {
  if (progress_.state == state) return;
  progress_.state = state;
  notify({.kind = JobEvent::Kind::state_changed, .state = state});
}

void JobActor::notify(JobEvent event) {
  event.attempt = attempt_.attempt;
  event.state = progress_.state;
  if (setup_.observer) setup_.observer(event);
}

void JobActor::request_report(std::function<void()> then) {
  after_report_.push_back(std::move(then));
  if (!not_reported_.empty()) return;
  ++ticket_;
  for (std::uint32_t s = 0; s < subtasks_.size(); ++s) {
    not_reported_.insert(s);
    tell_urgently(subtasks_[s], ReportRequestMsg{attempt_.attempt, ticket_});
  }
}

void JobActor::on_report(ReportMsg& message) {
  reports_[message.subtask.value] = std::move(message.report);
  not_reported_.erase(message.subtask.value);
  if (!not_reported_.empty()) return;
  for (const auto& then : std::exchange(after_report_, {})) then();
}

void JobActor::close_reports() {
  not_reported_.clear();
  ++ticket_;
  for (const auto& then : std::exchange(after_report_, {})) then();
}

JobProgress JobActor::progress_now() {
  const auto now = setup_.world.clock.monotonic();
  progress_.elapsed = std::chrono::duration_cast<Micros>(now - began_);
  sum_.add_up(reports_, now, progress_);
  if (last_checkpoint_at_)
    progress_.checkpoints.last_age = std::chrono::duration_cast<Micros>(now - *last_checkpoint_at_);
  return progress_;
}

void JobActor::set_deadline(Micros after) { tell_self_after(after, TimerMsg{++generation_}); }

void JobActor::tell_supervisor(bool running) {
  tell_urgently(supervisor_, AttemptMsg{attempt_.attempt, round_, running});
}

}  // namespace flow::actors
