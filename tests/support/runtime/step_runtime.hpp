#pragma once

#include "node/node_actor.hpp"

#include "flow/base/clock.hpp"
#include "flow/base/random.hpp"
#include "support/simulated_file_system.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// A clock that moves a random little whenever it is looked at, so that time budgets end at random
/// places.
///
/// Thread: actor-confined (the one thread of a step runtime).
class TickingClock final : public Clock {
 public:
  explicit TickingClock(std::uint64_t seed,
                        std::chrono::nanoseconds mean_tick = std::chrono::microseconds{40})
      : random_{seed}, mean_tick_{mean_tick} {}
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    now_ += std::chrono::nanoseconds{random_.between(0, 2 * mean_tick_.count())};
    return now_;
  }
  [[nodiscard]] EventTime wall() const override {
    return EventTime{978'307'200'000'000 + now_.count() / 1000};
  }
  void advance(std::chrono::nanoseconds by) { now_ += by; }
  /// Without a tick.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept { return now_; }

 private:
  mutable Random random_;
  std::chrono::nanoseconds mean_tick_;
  mutable std::chrono::nanoseconds now_{};
};

/// I/O jobs that wait until the simulation lets one run, in any order. A killed one runs nothing
/// any more.
class SimulatedIo final : public actors::IoPool {
 public:
  void run(std::function<void()> job) override {
    if (!killed_) jobs_.push_back(std::move(job));
  }
  /// Jobs that may run now.
  [[nodiscard]] std::size_t waiting() const noexcept { return held_ ? 0 : jobs_.size(); }
  /// Held: nothing runs until it is let go, as with a file system that hangs.
  void hold(bool held) noexcept { held_ = held; }
  void run_one(std::size_t index);
  void kill() {
    killed_ = true;
    jobs_.clear();
  }

 private:
  std::vector<std::function<void()>> jobs_;
  bool killed_ = false;
  bool held_ = false;
};

/// Failure points that fail as a seed says, or do something a test wants.
class SimulatedFailures final : public FailurePoints {
 public:
  Status hit(std::string_view point) override { return on_hit ? on_hit(point) : Status{}; }
  std::function<Status(std::string_view)> on_hit;
};

/// Asks a test what becomes of each message.
class StepTap final : public actors::MessageTap {
 public:
  std::size_t on_message(actors::Actor& to, const caf::mailbox_element& message) override {
    return on ? on(to, message) : 1;
  }
  std::function<std::size_t(actors::Actor& to, const caf::mailbox_element& message)> on;
};

/// The content of a message, if it is of this type.
template <class Message>
const Message* content_of(const caf::mailbox_element& message) {
  const auto& content = message.content();
  return content.match_elements<Message>() ? &content.get_as<Message>(0) : nullptr;
}

/// One process with the whole runtime in it, which moves one step at a time: one actor handles one
/// message, or one I/O job runs, or time passes. Which is next, a seed decides; the same seed gives
/// the same run.
class StepRuntime {
 public:
  struct Outside {
    FileSystem& files;
    TickingClock& clock;
    Log& log;
    FailurePoints& failure_points;
  };
  StepRuntime(const Outside& outside, actors::RuntimeOptions options, std::uint64_t seed);
  ~StepRuntime();
  StepRuntime(const StepRuntime&) = delete;
  StepRuntime& operator=(const StepRuntime&) = delete;

  std::shared_ptr<actors::JobBoard> run(ExecutionPlan plan, actors::RunOptions options = {},
                                        actors::JobObserver observer = {});
  /// One random step; false if nothing can ever happen any more.
  bool turn();
  /// Turns until `done` or `limit` turns; true if `done`.
  bool run_until(const std::function<bool()>& done, std::size_t limit);
  /// The job's result, if it comes within `limit` turns.
  std::optional<actors::JobResult> finish(const std::shared_ptr<actors::JobBoard>& board,
                                          std::size_t limit = 2'000'000);
  /// From now on nothing reaches the outside any more: what a killed process does.
  void kill() { io_.kill(); }

  /// Timers run only when nothing else can: nothing expires by chance.
  void be_punctual() noexcept { punctual_ = true; }
  [[nodiscard]] SimulatedIo& io() noexcept { return io_; }
  [[nodiscard]] StepTap& tap() noexcept { return tap_; }

  [[nodiscard]] std::size_t turns() const noexcept { return turns_; }
  [[nodiscard]] Random& random() noexcept { return random_; }

 private:
  /// Further than this time does not pass while something could be done: the deadlines of a start
  /// and an end are longer, so a job that does not keep them hangs.
  static constexpr std::chrono::seconds kLongestHurry{10};
  void follow_clock();
  bool pass_time();
  [[nodiscard]] bool is_next_timeout_near() const;

  Outside outside_;
  Random random_;
  SimulatedIo io_;
  StepTap tap_;
  actors::TappedConfig config_{tap_};
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  actors::Address node_;
  std::vector<std::shared_ptr<actors::JobBoard>> boards_;
  std::chrono::nanoseconds followed_{};
  std::size_t turns_ = 0;
  bool punctual_ = false;
};

}  // namespace flow::testing
