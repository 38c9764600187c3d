#pragma once

#include "flow/base/log.hpp"
#include "support/runtime/step_runtime.hpp"
#include "support/simulated_file_system.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace flow::testing {

/// What surrounds a step runtime: files, clock, failures, and what the job says. It outlives the
/// runtimes of several runs, as the outside does.
///
/// Owner: a test.   Thread: the test's.
class StepWorld {
 public:
  explicit StepWorld(std::uint64_t seed)
      : seeds_{seed}, files_{seeds_.next()}, clock_{seeds_.next()} {}

  /// A process. One at a time.
  std::unique_ptr<StepRuntime> start(actors::RuntimeOptions options = {}) {
    auto process = std::make_unique<StepRuntime>(
        StepRuntime::Outside{files_, clock_, *log_, failures}, options, seeds_.next());
    if (punctual) process->be_punctual();
    return process;
  }
  /// Keeps what a job says in `events`.
  [[nodiscard]] actors::JobObserver observer() {
    return [this](const actors::JobEvent& event) {
      events.push_back(event);
      if (on_event) on_event(event);
    };
  }
  /// One run in a process of its own; nothing if it does not end.
  std::optional<actors::JobResult> run(const ExecutionPlan& plan,
                                       actors::RuntimeOptions options = {},
                                       actors::RunOptions run_options = {}) {
    const auto process = start(options);
    runtime = process.get();
    process->tap().on = on_message;
    auto result = process->finish(process->run(plan, std::move(run_options), observer()));
    runtime = nullptr;
    return result;
  }
  [[nodiscard]] std::size_t count(actors::JobEvent::Kind kind) const {
    std::size_t found = 0;
    for (const auto& event : events) found += event.kind == kind ? 1u : 0u;
    return found;
  }

  [[nodiscard]] TickingClock& clock() noexcept { return clock_; }
  [[nodiscard]] SimulatedFileSystem& files() noexcept { return files_; }
  [[nodiscard]] Random& random() noexcept { return seeds_; }

  SimulatedFailures failures;
  std::vector<actors::JobEvent> events;
  std::function<void(const actors::JobEvent&)> on_event;
  bool punctual = true;              ///< Of the runs to come: StepRuntime::be_punctual().
  decltype(StepTap::on) on_message;  ///< Of the runs to come.
  StepRuntime* runtime = nullptr;    ///< The one of run(), for failure points to reach.

 private:
  Random seeds_;
  SimulatedFileSystem files_;
  TickingClock clock_;
  std::unique_ptr<Log> log_ =
      std::getenv("FLOW_TEST_LOG") != nullptr ? make_stderr_log(LogLevel::debug) : make_null_log();
};

}  // namespace flow::testing
