#include "support/runtime/step_runtime.hpp"

#include <utility>

namespace flow::testing {

using namespace flow::actors;

void SimulatedIo::run_one(std::size_t index) {
  auto job = std::move(jobs_[index]);
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
  job();
}

StepRuntime::StepRuntime(const Outside& outside, RuntimeOptions options, std::uint64_t seed)
    : outside_{outside}, random_{seed} {
  config_.set("scheduler.policy", caf::atom("testing"));
  config_.set("logger.inline-output", true);
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  followed_ = outside_.clock.now();
  node_ = system_->spawn<NodeActor>(
      options, RuntimeWorld{outside_.files, outside_.clock, outside_.log, outside_.failure_points},
      &io_);
}

StepRuntime::~StepRuntime() {
  tap_.on = nullptr;
  io_.kill();
  post_urgently(node_, ShutdownMsg{});
  node_ = {};
  boards_.clear();
  // Every actor is told to end; what else they still do reaches nobody.
  while (scheduler_->has_job() || scheduler_->has_pending_timeout()) {
    scheduler_->run();
    scheduler_->trigger_timeouts();
  }
  system_.reset();
}

std::shared_ptr<JobBoard> StepRuntime::run(ExecutionPlan plan, RunOptions options,
                                           JobObserver observer) {
  auto shared = std::make_shared<const ExecutionPlan>(std::move(plan));
  auto board = std::make_shared<JobBoard>(shared->job);
  boards_.push_back(board);
  post(node_, StartJobMsg{shared, std::move(options), std::move(observer), board});
  return board;
}

void StepRuntime::follow_clock() {
  const auto now = outside_.clock.now();
  if (now <= followed_) return;
  scheduler_->advance_time(now - followed_);
  followed_ = now;
}

bool StepRuntime::pass_time() {
  if (!scheduler_->has_pending_timeout()) return false;
  auto& clock = scheduler_->clock();
  const auto before = clock.current_time;
  scheduler_->trigger_timeout();
  const auto passed = clock.current_time - before;
  outside_.clock.advance(passed);
  followed_ += passed;
  return true;
}

bool StepRuntime::is_next_timeout_near() const {
  const auto& clock = scheduler_->clock();
  if (!clock.has_pending_timeout()) return false;
  return clock.schedule().begin()->first - clock.current_time <= kLongestHurry;
}

bool StepRuntime::turn() {
  ++turns_;
  follow_clock();
  auto& jobs = scheduler_->jobs;
  const auto choices = jobs.size() + io_.waiting();
  if (choices == 0) return pass_time();
  // Now and then time passes although something could be done.
  if (!punctual_ && random_.below(200) == 0 && is_next_timeout_near()) return pass_time();
  const auto choice = random_.below(choices);
  if (choice < jobs.size()) {
    std::swap(jobs[0], jobs[choice]);
    scheduler_->run_once();
  } else {
    io_.run_one(choice - jobs.size());
  }
  return true;
}

bool StepRuntime::run_until(const std::function<bool()>& done, std::size_t limit) {
  for (std::size_t i = 0; i < limit; ++i) {
    if (done()) return true;
    if (!turn()) return done();
  }
  return done();
}

std::optional<JobResult> StepRuntime::finish(const std::shared_ptr<JobBoard>& board,
                                             std::size_t limit) {
  run_until([&] { return board->wait_for(std::chrono::milliseconds{0}).has_value(); }, limit);
  return board->wait_for(std::chrono::milliseconds{0});
}

}  // namespace flow::testing
