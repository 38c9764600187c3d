// A job in an actor system of the user's: a NODE of its own, and a door for the user's actors.

#include "io/io_pool.hpp"
#include "job/job_door.hpp"
#include "node/job_handle.hpp"
#include "node/node_actor.hpp"

#include "flow/actor.hpp"

#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace flow {

ActorSystemConfig::ActorSystemConfig(std::uint32_t threads) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{threads});
  set("scheduler.max-throughput", std::size_t{50});
}

namespace {

/// What the actors of a hosted job look at. An actor that blocks may be left behind by the handles;
/// so every actor keeps it, in RuntimeWorld::keep.
struct KeptWorld {
  KeptWorld(std::uint32_t io_threads, std::shared_ptr<void> users_)
      : users{std::move(users_)}, io{io_threads} {}
  std::shared_ptr<void> users;  // first: everything else may refer to it
  actors::IoThreads io;
};

}  // namespace

struct JobHandle::Host {
  Host(caf::actor_system& system_, std::shared_ptr<KeptWorld> kept_)
      : kept{std::move(kept_)}, system{system_} {}
  ~Host() {
    caf::scoped_actor waiter{system};
    actors::post_urgently(node, actors::ShutdownMsg{});
    waiter->wait_for(node);
    actors::exit_now_from_outside(door);
    waiter->wait_for(door);
    // Here, because the last actor to let go of them may be on one of them.
    kept->io.stop();
  }

  std::shared_ptr<KeptWorld> kept;
  caf::actor_system& system;
  actors::Address node;
  caf::actor door;
};

JobHandle::JobHandle(actors::JobHandle job, std::shared_ptr<Host> host)
    : actors::JobHandle{std::move(job)}, host_{std::move(host)} {}

caf::actor JobHandle::actor() const { return host_ ? host_->door : caf::actor{}; }

namespace actors {
namespace {

using Scheduler = caf::scheduler::coordinator<caf::policy::work_sharing>;

}  // namespace

flow::JobHandle not_started(std::string job, std::vector<Error> errors) {
  auto board = std::make_shared<JobBoard>(job);
  JobResult result;
  result.state = JobState::failed;
  result.progress.job = std::move(job);
  result.progress.state = JobState::failed;
  if (!errors.empty()) {
    result.error = errors.front();
    result.warnings.assign(errors.begin() + 1, errors.end());
  }
  board->finish(std::move(result));
  return {JobHandle{std::make_shared<JobHandle::Impl>(JobHandle::Impl{board, {}})}, nullptr};
}

flow::JobHandle run_in(caf::actor_system& system, const RuntimeOptions& options,
                       const RuntimeWorld& world, ExecutionPlan plan, RunOptions run,
                       std::shared_ptr<void> keep) {
  if (dynamic_cast<Scheduler*>(&system.scheduler()) == nullptr)
    return not_started(
        plan.job,
        {Error{Errc::runtime_start_failed, "the actor system cannot host a job"}
             .with_cause("with its scheduler an actor may wait for ever")
             .with_remedy("make it with a flow::ActorSystemConfig, or one derived from it")});
  auto kept = std::make_shared<KeptWorld>(options.io_threads, std::move(keep));
  auto kept_world = world;
  kept_world.keep = kept;
  auto host = std::make_shared<flow::JobHandle::Host>(system, kept);
  auto shared = std::make_shared<const ExecutionPlan>(std::move(plan));
  auto board = std::make_shared<JobBoard>(shared->job);
  host->door = system.spawn<JobDoorActor>(board, std::ref(world.log));
  host->node = system.spawn<NodeActor>(options, kept_world, &kept->io);
  board->on_finish([door = host->door](const JobResult& result) {
    post_urgently(door, JobEndedMsg{result.progress});
  });
  const auto observer = [door = host->door](const JobEvent& event) {
    post_urgently(door, JobEventMsg{event});
  };
  post(host->node, StartJobMsg{shared, std::move(run), observer, board});
  JobHandle handle{std::make_shared<JobHandle::Impl>(JobHandle::Impl{board, host->node})};
  return {std::move(handle), std::move(host)};
}

}  // namespace actors
}  // namespace flow
