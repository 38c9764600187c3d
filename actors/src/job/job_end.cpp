// The end of an attempt and of the job: tearing down, finishing what is committed, the result.
#include "job/job_actor.hpp"

#include <utility>

namespace flow::actors {

/// A `final` or `stop` checkpoint is durable and every sink has committed: the attempt has done its
/// work, whatever becomes of it now.
void JobActor::on_all_committed(BarrierKind kind, Epoch epoch) {
  Next next;
  next.committed = true;
  next.end = kind == BarrierKind::final ? JobState::finished : JobState::stopped;
  if (kind == BarrierKind::final) next.finish_after = epoch;
  if (phase_ == Phase::tearing_down && !cancelled_) {
    // A failure was heard of first. Beginning again would do again what is done.
    next_ = std::move(next);
    set_state(stop_asked_ ? JobState::stopping : JobState::running);
    return;
  }
  if (phase_ != Phase::running) return;
  phase_ = Phase::reporting;
  next_ = std::move(next);
  set_deadline(setup_.options.lifecycle_timeout);
  // Reports that are under way may be older than the end.
  close_reports();
  request_report([this] {
    if (phase_ == Phase::reporting) tear_down(*std::exchange(next_, std::nullopt));
  });
}

// --- Tearing down.

void JobActor::tear_down(Next next) {
  trace("tearing down");
  phase_ = Phase::tearing_down;
  next_ = std::move(next);
  waiting_for_.clear();
  enumerated_.clear();
  close_reports();
  io_->cancel_all();
  set_deadline(setup_.options.lifecycle_timeout);
  for (const auto& who : subtasks_) exit_now(who);
  for (const auto& who : enumerators_) exit_now(who);
  exit_now(coordinator_);
  subtasks_.clear();
  enumerators_.clear();
  coordinator_ = {};
  attempt_io_->close(
      [home = self(), attempt = attempt_.attempt] { post_urgently(home, IoIdleMsg{attempt}); });
  maybe_torn_down();
}

void JobActor::maybe_torn_down() {
  if (phase_ == Phase::tearing_down && alive_.empty() && io_idle_) on_torn_down();
}

void JobActor::on_torn_down() {
  next_ticket_ = io_->next_ticket();
  io_.reset();
  attempt_io_.reset();
  attempt_.restore.reset();
  const auto next = *std::exchange(next_, std::nullopt);
  if (next.finish_after) {
    finish_after_ = next.finish_after;
    io_ = std::make_unique<ActorIo>(*setup_.pool, self(), next_ticket_);
    finish_sinks();
    return;
  }
  if (!next.restart_after) {
    end(next.end, next.error);
    return;
  }
  if (cancelled_ || stop_asked_) {
    end(cancelled_ ? JobState::cancelled : JobState::stopped, std::nullopt);
    return;
  }
  ++progress_.restarts;
  phase_ = Phase::waiting;
  set_deadline(*next.restart_after);
}

// --- Finishing: nothing of the attempt is left, no other will begin.

void JobActor::finish_sinks() {
  trace("finishing");
  phase_ = Phase::finishing;
  ++round_;
  tell_supervisor(false);
  set_deadline(setup_.options.lifecycle_timeout);
  const auto outcome = std::make_shared<Status>();
  io_->submit(
      [outcome, start = start_, attempt = attempt_] { *outcome = start->finish_sinks(attempt); },
      [this, outcome] {
        if (*outcome)
          record_end();
        else
          report_failure(std::move(*outcome).error());
      });
}

void JobActor::record_end() {
  sinks_finished_ = true;
  set_deadline(setup_.options.lifecycle_timeout);
  const auto outcome = std::make_shared<Status>();
  io_->submit([outcome, start = start_, attempt = attempt_,
               epoch = *finish_after_] { *outcome = start->record_end(attempt, epoch); },
              [this, outcome] {
                if (!*outcome)
                  warn(std::move(*outcome).error().with_context("recording the end of the run"));
                end(JobState::finished, std::nullopt);
              });
}

/// The SUPERVISOR on sinks that could not be finished.
void JobActor::on_finish_verdict(VerdictMsg& message) {
  progress_.last_failure = message.cause;
  if (cancelled_) {
    end(JobState::cancelled, std::nullopt);
    return;
  }
  JobEvent event{.kind = JobEvent::Kind::attempt_failed, .error = message.cause};
  const auto* again = std::get_if<RestartAfter>(&message.verdict);
  if (again != nullptr) event.delay = again->delay;
  notify(std::move(event));
  if (again == nullptr) {
    end(JobState::failed, std::get<GiveUp>(std::move(message.verdict)).error);
    return;
  }
  log().warn("sinks not finished job=" + progress_.job +
             " again_in=" + format_duration(again->delay) + " error=" + message.cause.to_line());
  phase_ = Phase::waiting;
  set_deadline(again->delay);
}

/// A deadline on the way to the end has passed.
void JobActor::on_end_late() {
  const Error late{Errc::stop_timeout, "job '" + progress_.job + "' did not end in time"};
  switch (phase_) {
    case Phase::reporting:
      tear_down(*std::exchange(next_, std::nullopt));
      return;
    case Phase::tearing_down:
      if (next_ && next_->committed) {
        // Something hangs that is not needed any more.
        warn(late);
        on_torn_down();
        return;
      }
      end(JobState::failed, next_ && next_->error ? next_->error : std::optional{late});
      return;
    default:
      break;
  }
  if (sinks_finished_) {
    warn(Error{late}.with_cause("the end of the run is not recorded yet"));
    end(JobState::finished, std::nullopt);
    return;
  }
  end(JobState::failed,
      Error{late}
          .with_cause("everything is committed, but a sink is still being finished")
          .with_remedy("run it again: it goes on from its last checkpoint and ends"));
}

/// The job's user hears of it, its state does not change.
void JobActor::warn(Error warning) {
  log().warn("at the end of job=" + progress_.job + " warning=" + warning.to_line());
  warnings_.push_back(std::move(warning));
}

void JobActor::end(JobState state, std::optional<Error> error) {
  ++generation_;
  phase_ = Phase::over;
  start_->release();
  set_state(state);
  JobResult result;
  result.state = state;
  result.error = std::move(error);
  result.progress = progress_now();
  result.warnings = std::move(warnings_);
  for (const auto& report : reports_)
    if (report)
      for (const auto& link : report->links)
        if (!link.summary.empty()) result.summaries.push_back(link.summary);
  tell(setup_.node, JobOverMsg{progress_.job});
  setup_.board->finish(std::move(result));
  quit();
}

}  // namespace flow::actors
