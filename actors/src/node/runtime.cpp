#include "flow/actors/runtime.hpp"

#include "io/io_pool.hpp"
#include "node/job_handle.hpp"
#include "node/node_actor.hpp"
#include "seam/messages.hpp"

#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include <utility>

namespace flow::actors {

std::string_view to_string(JobState state) noexcept {
  switch (state) {
    case JobState::created:
      return "created";
    case JobState::running:
      return "running";
    case JobState::restarting:
      return "restarting";
    case JobState::stopping:
      return "stopping";
    case JobState::finished:
      return "finished";
    case JobState::stopped:
      return "stopped";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "unknown";
}

// --- JobHandle.

JobHandle::JobHandle(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
const std::string& JobHandle::name() const noexcept { return impl_->board->job(); }

std::optional<JobResult> JobHandle::wait_for(std::chrono::milliseconds deadline) const {
  return impl_->board->wait_for(deadline);
}

void JobHandle::stop() {
  impl_->board->request([](const Address& job) { post_urgently(job, StopMsg{}); });
}
void JobHandle::cancel() {
  impl_->board->request([](const Address& job) { post_urgently(job, CancelMsg{}); });
}

Result<JobProgress> JobHandle::progress(std::chrono::milliseconds deadline) const {
  if (auto result = impl_->board->wait_for(std::chrono::milliseconds{0}))
    return std::move(result->progress);
  auto box = std::make_shared<ProgressBox>();
  impl_->board->request([box](const Address& job) { post_urgently(job, ProgressMsg{box}); });
  std::unique_lock lock{box->mutex};
  if (box->ready.wait_for(lock, deadline, [&] { return box->progress.has_value(); }))
    return std::move(*box->progress);
  lock.unlock();
  if (auto result = impl_->board->wait_for(std::chrono::milliseconds{0}))
    return std::move(result->progress);
  return Error{Errc::deadline_exceeded, "job '" + name() + "' did not report in time"};
}

// --- Runtime.

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& options_)
      : options{options_}, io{options_.io_threads}, config{options_.threads} {}
  RuntimeOptions options;
  IoThreads io;
  ActorSystemConfig config;
  std::unique_ptr<caf::actor_system> system;
  Address node;
};

Result<std::unique_ptr<Runtime>> Runtime::start(const RuntimeOptions& options,
                                                const RuntimeWorld& world) {
  auto impl = std::make_unique<Impl>(options);
  impl->system = std::make_unique<caf::actor_system>(impl->config);
  // A misspelt policy only prints a warning and falls back to one that starves actors.
  if (dynamic_cast<caf::scheduler::coordinator<caf::policy::work_sharing>*>(
          &impl->system->scheduler()) == nullptr)
    return Error{Errc::runtime_start_failed, "the runtime cannot start"}.with_cause(
        "the scheduler is not the one that was asked for");
  impl->node = impl->system->spawn<NodeActor>(options, world, &impl->io);
  return std::unique_ptr<Runtime>{new Runtime{std::move(impl)}};
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

Runtime::~Runtime() {
  {
    caf::scoped_actor waiter{*impl_->system};
    post_urgently(impl_->node, ShutdownMsg{});
    waiter->wait_for(impl_->node);
  }
  impl_->node = {};
  impl_->io.stop();
  impl_->system.reset();
}

JobHandle Runtime::run(ExecutionPlan plan, RunOptions options, JobObserver observer) {
  auto shared = std::make_shared<const ExecutionPlan>(std::move(plan));
  auto board = std::make_shared<JobBoard>(shared->job);
  post(impl_->node, StartJobMsg{shared, std::move(options), std::move(observer), board});
  return JobHandle{std::make_shared<JobHandle::Impl>(JobHandle::Impl{board, impl_->node})};
}

}  // namespace flow::actors
