// The beginning of an attempt: prepared, spawned, open, recovered, running.
#include "coordinator/coordinator.hpp"
#include "job/job_actor.hpp"
#include "source/enumerator.hpp"
#include "subtask/subtask_actor.hpp"

#include <utility>

namespace flow::actors {

void JobActor::begin_attempt() {
  trace("preparing");
  phase_ = Phase::preparing;
  attempt_ = {};
  attempt_.attempt = {0};
  io_idle_ = false;
  commits_unrecorded_ = false;
  next_.reset();
  attempt_io_ = std::make_shared<AttemptIo>(*setup_.pool);
  io_ = std::make_unique<ActorIo>(*attempt_io_, self(), next_ticket_);
  ++round_;
  tell_supervisor(false);
  set_deadline(setup_.options.lifecycle_timeout);
  const auto outcome = std::make_shared<Result<AttemptStart>>(AttemptStart{});
  io_->submit([outcome, start = start_] { *outcome = start->begin_attempt(); },
              [this, outcome] {
                if (!*outcome) {
                  report_failure(std::move(*outcome).error());
                  return;
                }
                attempt_ = *std::move(*outcome);
                spawn_attempt();
              });
}

void JobActor::spawn_attempt() {
  trace("opening");
  phase_ = Phase::opening;
  progress_.attempt = attempt_.attempt;
  tell_supervisor(false);
  if (attempt_.restore) {
    progress_.resumed_from = attempt_.restore->manifest.epoch;
    notify({.kind = JobEvent::Kind::resumed, .epoch = attempt_.restore->manifest.epoch});
  }
  const auto& plan = *setup_.plan;
  const std::shared_ptr<IoPool> pool = attempt_io_;
  CoordinatorSetup coordinator{setup_.plan,         wiring_,
                               start_->store(),     start_->outline(attempt_),
                               attempt_.next_epoch, setup_.world};
  coordinator_ = spawn<CoordinatorActor>(std::move(coordinator), pool);
  for (const auto& wired : wiring_->subtasks) {
    SubtaskSetup subtask{setup_.plan,      wired,           attempt_.attempt,
                         attempt_.lineage, start_->store(), attempt_.restore,
                         setup_.options,   setup_.world};
    subtasks_.push_back(spawn<SubtaskActor>(std::move(subtask), pool));
  }
  std::vector<Address> enumerator_of(plan.chains.size());
  for (std::uint32_t c = 0; c < plan.chains.size(); ++c) {
    if (!std::holds_alternative<PlannedSource>(plan.chains[c].links[0].what)) continue;
    enumerator_of[c] =
        spawn<EnumeratorActor>(setup_.plan, c, SubtaskNumber{wiring_->first_of[c]},
                               attempt_.attempt, attempt_.restore, setup_.world, pool);
    enumerators_.push_back(enumerator_of[c]);
  }
  const auto adopt = [this](const Address& who) {
    watch(who);
    alive_.insert(who.id());
  };
  adopt(coordinator_);
  for (const auto& who : subtasks_) adopt(who);
  for (const auto& who : enumerators_) adopt(who);

  ConnectMsg connect{attempt_.attempt, self(), supervisor_, coordinator_, {}, subtasks_};
  tell_urgently(coordinator_, connect);
  for (std::uint32_t c = 0; c < plan.chains.size(); ++c) {
    const auto first = wiring_->first_of[c];
    const auto last = wiring_->first_of[c + 1];
    connect.enumerator = enumerator_of[c];
    for (auto s = first; s < last; ++s) {
      waiting_for_.insert(s);
      tell_urgently(subtasks_[s], connect);
    }
    if (!enumerator_of[c]) continue;
    auto of_chain = connect;
    of_chain.subtasks.assign(subtasks_.begin() + first, subtasks_.begin() + last);
    tell_urgently(enumerator_of[c], std::move(of_chain));
  }
}

void JobActor::on_opened(std::uint32_t subtask) {
  trace("opened subtask=" + std::to_string(subtask));
  waiting_for_.erase(subtask);
  maybe_recover();
}

void JobActor::maybe_recover() {
  if (waiting_for_.empty() && enumerated_.size() == enumerators_.size()) recover();
}

void JobActor::recover() {
  trace("recovering");
  phase_ = Phase::recovering;
  const auto& plan = *setup_.plan;
  for (std::uint32_t c = 0; c < plan.chains.size(); ++c) {
    RecoverMsg message{attempt_.attempt, {}};
    for (const auto& link : plan.chains[c].links) {
      if (!std::holds_alternative<PlannedSink>(link.what)) continue;
      auto& of_sink = message.sinks.emplace_back();
      of_sink.link = link.name;
      if (!attempt_.restore) continue;
      for (const auto& committable : attempt_.restore->manifest.committables)
        if (committable.sink == link.name)
          of_sink.committables.push_back(
              {committable.epoch, committable.subtask, committable.bytes});
    }
    if (message.sinks.empty()) continue;
    const auto first = wiring_->first_of[c];
    waiting_for_.insert(first);
    tell_urgently(subtasks_[first], std::move(message));
  }
  if (waiting_for_.empty()) go();
}

void JobActor::go() {
  trace("running");
  phase_ = Phase::running;
  ++generation_;
  sum_.begin_attempt(attempt_.restore ? std::optional{attempt_.restore->manifest.epoch}
                                      : std::nullopt);
  reports_.assign(reports_.size(), std::nullopt);
  set_state(stop_asked_ ? JobState::stopping : JobState::running);
  tell_supervisor(true);
  for (const auto& subtask : subtasks_) tell_urgently(subtask, GoMsg{attempt_.attempt});
  tell_urgently(coordinator_,
                CoordinateMsg{attempt_.attempt, true, std::move(enumerated_), stop_asked_});
  enumerated_.clear();
}

}  // namespace flow::actors
