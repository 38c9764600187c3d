#include "job/job_door.hpp"

#include <utility>

namespace flow::actors {

JobDoorActor::JobDoorActor(caf::actor_config& config, std::shared_ptr<JobBoard> board, Log& log)
    : Actor{config, "job door", log}, board_{std::move(board)} {}

void JobDoorActor::on_exit() {
  board_.reset();
  subscribers_.clear();
  asked_.clear();
}

Behavior JobDoorActor::handlers() {
  return {
      [this](status_atom) { return status(); },
      [this](stop_atom) {
        board_->request([](const Address& job) { post_urgently(job, StopMsg{}); });
      },
      [this](cancel_atom) {
        board_->request([](const Address& job) { post_urgently(job, CancelMsg{}); });
      },
      [this](subscribe_atom, const Address& who) {
        if (who && subscribers_.emplace(who.id(), who).second) watch(who);
      },
      [this](const JobEventMsg& m) {
        for (const auto& [id, who] : subscribers_) tell(who, m.event);
      },
      [this](const ProgressAnswerMsg& m) { answer(m.ticket, m.progress); },
      [this](const JobEndedMsg& m) {
        while (!asked_.empty()) answer(asked_.begin()->first, m.progress);
      },
  };
}

void JobDoorActor::on_down(ActorId who, const caf::error&) { subscribers_.erase(who); }

caf::result<JobProgress> JobDoorActor::status() {
  if (auto result = board_->wait_for(std::chrono::milliseconds{0}))
    return std::move(result->progress);
  const auto ticket = ++last_ticket_;
  auto promise = make_response_promise<JobProgress>();
  asked_.emplace(ticket, promise);
  auto box = std::make_shared<ProgressBox>();
  box->then = [door = caf::actor_cast<caf::weak_actor_ptr>(this),
               ticket](const JobProgress& progress) {
    post_urgently(caf::actor_cast<Address>(door), ProgressAnswerMsg{ticket, progress});
  };
  // If the job ends before it hears this, its end is the answer.
  board_->request([box](const Address& job) { post_urgently(job, ProgressMsg{box}); });
  return promise;
}

void JobDoorActor::answer(std::uint64_t ticket, const JobProgress& progress) {
  const auto found = asked_.find(ticket);
  if (found == asked_.end()) return;
  found->second.deliver(progress);
  asked_.erase(found);
}

}  // namespace flow::actors
