#include "node/node_actor.hpp"

#include "job/job_actor.hpp"

#include <utility>

namespace flow::actors {

NodeActor::NodeActor(caf::actor_config& config, RuntimeOptions options, RuntimeWorld world,
                     IoPool* pool)
    : Actor{config, "node", world.log}, options_{options}, world_{world}, pool_{pool} {}

Behavior NodeActor::handlers() {
  return {
      [this](StartJobMsg& m) { start(m); },
      [this](JobOverMsg& m) { jobs_.erase(m.job); },
      [this](HelperMsg& m) { follow(m.who); },
      [this](ShutdownMsg&) {
        shutting_down_ = true;
        for (const auto& [name, job] : jobs_) tell_urgently(job, CancelMsg{});
        if (alive_.empty()) quit();
      },
  };
}

void NodeActor::follow(const Address& who) {
  watch(who);
  alive_.insert(who.id());
}

void NodeActor::on_ended(ActorId who, std::optional<Error>) {
  alive_.erase(who);
  std::erase_if(jobs_, [who](const auto& job) { return job.second.id() == who; });
  if (shutting_down_ && alive_.empty()) quit();
}

void NodeActor::start(StartJobMsg& message) {
  const auto& name = message.plan->job;
  if (shutting_down_ || jobs_.contains(name)) {
    JobResult result;
    result.state = shutting_down_ ? JobState::cancelled : JobState::failed;
    result.error = shutting_down_
                       ? Error{Errc::job_cancelled, "the runtime is ending"}
                       : Error{Errc::job_exists, "job '" + name + "' is running already"};
    result.progress.job = name;
    result.progress.state = result.state;
    message.board->finish(std::move(result));
    return;
  }
  JobSetup setup{message.plan,
                 std::move(message.options),
                 options_,
                 world_,
                 std::move(message.observer),
                 message.board,
                 pool_,
                 self()};
  auto job = spawn<JobActor>(std::move(setup));
  follow(job);
  jobs_.emplace(name, job);
  message.board->set_address(job);
}

}  // namespace flow::actors
