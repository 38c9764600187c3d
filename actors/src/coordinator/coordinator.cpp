#include "coordinator/coordinator.hpp"

#include "flow/checkpoint/publishing.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {
namespace {

constexpr std::uint32_t kLastTries = 3;
constexpr std::chrono::seconds kRetryLast{1};

}  // namespace

CoordinatorActor::CoordinatorActor(caf::actor_config& config, CoordinatorSetup setup,
                                   std::shared_ptr<IoPool> pool)
    : Actor{config, "coordinator", setup.world.log},
      setup_{std::move(setup)},
      pool_{std::move(pool)},
      next_epoch_{setup_.first_epoch} {
  for (const auto& subtask : setup_.wiring->subtasks) {
    const auto& links = setup_.plan->chains[subtask.chain].links;
    if (std::holds_alternative<PlannedSource>(links[0].what)) sources_.push_back(subtask.id.value);
    if (std::any_of(links.begin(), links.end(),
                    [](const auto& l) { return std::holds_alternative<PlannedSink>(l.what); }))
      sink_subtasks_.push_back(subtask.id.value);
    not_ended_.insert(subtask.id.value);
  }
}

void CoordinatorActor::on_exit() {
  if (io_) io_->cancel_all();
  io_.reset();
  pool_.reset();
  who_ = {};
  setup_.store.reset();
}

Behavior CoordinatorActor::handlers() {
  const auto mine = [this](Attempt attempt) { return attempt == setup_.outline.attempt && !over_; };
  return {
      [this, mine](ConnectMsg& m) {
        if (!mine(m.attempt) || io_) return;
        who_ = std::move(m);
        io_ = std::make_shared<ActorIo>(*pool_, self());
      },
      [this, mine](CoordinateMsg& m) {
        if (mine(m.attempt)) on_coordinate(m);
      },
      [this](IoDone& m) {
        if (auto status = io_->finish(m); !status) fail(std::move(status).error());
      },
      [this](TimerMsg& m) {
        if (m.generation == timer_generation_ && !over_) consider();
      },
      [this, mine](AcknowledgeMsg& m) {
        if (mine(m.attempt)) on_acknowledge(m);
      },
      [this, mine](DeclinedMsg& m) {
        if (!mine(m.attempt)) return;
        if (auto failed = pending_.decline(m.epoch, id_of(m.subtask), m.error))
          abandon(failed->epoch, std::move(failed->error));
      },
      [this, mine](CommittedMsg& m) {
        if (mine(m.attempt)) on_committed(m);
      },
      [this, mine](EndedMsg& m) {
        if (!mine(m.attempt)) return;
        not_ended_.erase(m.subtask.value);
        if (not_ended_.empty()) consider();
      },
  };
}

void CoordinatorActor::trace(std::string_view what, Epoch epoch) {
  if (log().enabled(LogLevel::debug))
    log().debug(std::string{what} + " job=" + setup_.plan->job +
                " epoch=" + std::to_string(epoch.value));
}

flow::SubtaskId CoordinatorActor::id_of(SubtaskNumber number) const {
  const auto& subtask = setup_.wiring->subtasks[number.value];
  return {subtask.chain, subtask.index};
}

void CoordinatorActor::on_coordinate(const CoordinateMsg& message) {
  stop_asked_ = stop_asked_ || message.stop;
  if (message.start && !running_) {
    running_ = true;
    setup_.outline.enumerators = message.enumerators;
    if (setup_.store) next_due_ = setup_.world.clock.monotonic();
  }
  consider();
}

/// Decides whether a checkpoint is to begin now.
void CoordinatorActor::consider() {
  if (!running_ || over_) return;
  const auto now = setup_.world.clock.monotonic();
  for (auto& failed : pending_.expire(now)) abandon(failed.epoch, std::move(failed.error));
  if (current_ && current_->publishing && now >= current_->deadline) {
    // It may be complete, so it can not be given up; the next attempt finds out and commits.
    fail(Error{Errc::checkpoint_expired,
               "checkpoint " + std::to_string(current_->epoch.value) + " took too long"}
             .with_cause(current_->uncommitted.empty() ? "its manifest was not published in time"
                                                       : "a sink did not commit in time"));
    return;
  }
  if (!current_) {
    const bool last = stop_asked_ || not_ended_.empty();
    const bool held_back = last_failures_ > 0 && next_due_ && now < *next_due_;
    if (last && !held_back)
      begin(not_ended_.empty() ? BarrierKind::final : BarrierKind::stop);
    else if (!last && next_due_ && now >= *next_due_)
      begin(BarrierKind::periodic);
  }
  set_timer();
}

void CoordinatorActor::begin(BarrierKind kind) {
  trace("checkpoint begins", next_epoch_);
  const auto now = setup_.world.clock.monotonic();
  if (auto status = setup_.world.failure_points.hit("coordinator.before_trigger"); !status) {
    fail(std::move(status).error());
    return;
  }
  const auto epoch = next_epoch_;
  ++next_epoch_.value;
  current_ = Current{};
  current_->epoch = epoch;
  current_->kind = kind;
  current_->begun = now;
  std::vector<flow::SubtaskId> expected;
  for (const auto& subtask : setup_.wiring->subtasks) expected.push_back(id_of(subtask.id));
  pending_.begin(epoch, expected, now, now + Nanos{setup_.plan->checkpoints.timeout});
  for (const auto s : sources_)
    tell_urgently(who_.subtasks[s], TriggerMsg{setup_.outline.attempt, epoch, kind});
}

void CoordinatorActor::on_acknowledge(AcknowledgeMsg& message) {
  trace("acknowledged", message.epoch);
  if (pending_.acknowledge(message.epoch, id_of(message.subtask), std::move(message.snapshot)) !=
      AckOutcome::complete)
    return;
  if (!current_ || current_->epoch != message.epoch) return;
  publish(pending_.take(message.epoch));
}

void CoordinatorActor::publish(PendingCheckpoints::Complete complete) {
  current_->publishing = true;
  extend_deadline();
  if (!setup_.store) {
    commit();
    return;
  }
  auto manifest = std::make_shared<Manifest>(setup_.outline);
  manifest->epoch = complete.epoch;
  manifest->created_at = setup_.world.clock.wall();
  manifest->operators = std::move(complete.operators);
  manifest->committables = std::move(complete.committables);
  current_->bytes = manifest->object_bytes();
  const auto outcome = std::make_shared<Status>();
  io_->submit([store = setup_.store, &failure_points = setup_.world.failure_points, manifest,
               outcome] { *outcome = flow::publish(*store, failure_points, *manifest); },
              [this, outcome, epoch = complete.epoch] {
                if (over_) return;
                if (!*outcome) {
                  if (outcome->error().code() == Errc::fenced)
                    fail(outcome->error());
                  else
                    abandon(epoch, outcome->error());
                  return;
                }
                commit();
              });
}

/// The checkpoint is complete: what the sinks prepared becomes visible.
void CoordinatorActor::commit() {
  trace("checkpoint is durable", current_->epoch);
  const auto now = setup_.world.clock.monotonic();
  current_->duration = std::chrono::duration_cast<Micros>(now - current_->begun);
  if (auto status = setup_.world.failure_points.hit("commit.before"); !status) {
    fail(std::move(status).error());
    return;
  }
  // Without a store there is nothing to fall back on, so only the end is committed.
  const bool commits = setup_.store || current_->kind != BarrierKind::periodic;
  if (commits) {
    extend_deadline();
    if (!setup_.store) tell_urgently(who_.job, CommittingMsg{setup_.outline.attempt});
    for (const auto s : sink_subtasks_) current_->uncommitted.insert(s);
    for (const auto s : sink_subtasks_)
      tell_urgently(who_.subtasks[s], CommitMsg{setup_.outline.attempt, current_->epoch});
  }
  if (current_->uncommitted.empty()) complete();
}

void CoordinatorActor::on_committed(const CommittedMsg& message) {
  trace("committed", message.epoch);
  if (!current_ || current_->epoch != message.epoch) return;
  if (current_->uncommitted.erase(message.subtask.value) > 0 && current_->uncommitted.empty())
    complete();
}

void CoordinatorActor::complete() {
  const auto finished = *std::exchange(current_, std::nullopt);
  if (auto status = setup_.world.failure_points.hit("commit.after"); !status) {
    fail(std::move(status).error());
    return;
  }
  last_failures_ = 0;
  over_ = finished.kind != BarrierKind::periodic;
  tell_urgently(who_.job, CheckpointMsg{setup_.outline.attempt, finished.epoch, finished.kind,
                                        std::nullopt, finished.duration, finished.bytes});
  if (over_) return;
  if (setup_.store) {
    io_->submit(
        [store = setup_.store, &failure_points = setup_.world.failure_points,
         &log = setup_.world.log, attempt = setup_.outline.attempt,
         retained = std::max(setup_.plan->checkpoints.retained, 1u)] {
          if (auto collected = collect_garbage(*store, failure_points, attempt, retained);
              !collected)
            log.warn("old snapshots were not removed: " + collected.error().to_line());
        },
        [] {});
    const auto now = setup_.world.clock.monotonic();
    next_due_ = std::max(finished.begun + Nanos{setup_.plan->checkpoints.interval},
                         now + Nanos{setup_.plan->checkpoints.min_pause});
  }
  consider();
}

void CoordinatorActor::abandon(Epoch epoch, Error error) {
  if (!current_ || current_->epoch != epoch) return;
  const auto failed = *std::exchange(current_, std::nullopt);
  pending_.clear();
  for (const auto& subtask : who_.subtasks)
    tell_urgently(subtask, AbortMsg{setup_.outline.attempt, epoch, failed.kind});
  tell_urgently(who_.job, CheckpointMsg{setup_.outline.attempt, epoch, failed.kind, error, {}, 0});
  const auto now = setup_.world.clock.monotonic();
  if (failed.kind != BarrierKind::periodic) {
    if (++last_failures_ >= kLastTries) {
      fail(Error{Errc::last_checkpoint_failed,
                 "the last checkpoint of the job failed " + std::to_string(kLastTries) + " times"}
               .with_cause(error.to_line()));
      return;
    }
    next_due_ = now + kRetryLast;
  } else {
    next_due_ = now + Nanos{std::max(setup_.plan->checkpoints.interval,
                                     setup_.plan->checkpoints.min_pause)};
  }
  set_timer();
}

/// Each step behind the last acknowledgement has as long as everything before it.
void CoordinatorActor::extend_deadline() {
  current_->deadline = setup_.world.clock.monotonic() + Nanos{setup_.plan->checkpoints.timeout};
  set_timer();
}

void CoordinatorActor::set_timer() {
  std::optional<Nanos> at;
  if (current_)
    at = current_->publishing ? std::optional{current_->deadline} : pending_.next_deadline();
  else
    at = next_due_;
  if (!at) return;
  const auto now = setup_.world.clock.monotonic();
  tell_self_after(std::max(*at - now, Nanos{}), TimerMsg{++timer_generation_});
}

void CoordinatorActor::fail(Error error) {
  over_ = true;
  tell_urgently(who_.supervisor,
                FailedMsg{setup_.outline.attempt, "the coordinator", std::move(error)});
}

}  // namespace flow::actors
