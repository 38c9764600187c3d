#pragma once

#include "flow/base/random.hpp"
#include "flow/connector/io.hpp"

#include <deque>
#include <functional>
#include <optional>

namespace flow::testing {

/// Runs I/O jobs when a test says so, on the test's thread: in the order they came, or in a random
/// one.
///
/// Owner: the test.   Thread: actor-confined.
class ManualIo final : public IoExecutor {
 public:
  ManualIo() = default;
  /// In random order: jobs that wait at the same time finish in any order.
  explicit ManualIo(std::uint64_t seed) : random_{Random{seed}} {}

  void submit(std::function<void()> work, std::function<void()> done) override {
    jobs_.push_back({std::move(work), std::move(done)});
  }

  /// Runs one job and what follows it; false if none waits.
  bool step() {
    if (jobs_.empty()) return false;
    const auto index = random_ ? static_cast<std::size_t>(random_->below(jobs_.size())) : 0;
    auto job = std::move(jobs_[index]);
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
    job.work();
    job.done();
    return true;
  }
  void run_all() {
    while (step()) {
    }
  }
  /// Forgets the jobs that wait, as if the process had died.
  void drop_all() { jobs_.clear(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return jobs_.size(); }

 private:
  struct Job {
    std::function<void()> work;
    std::function<void()> done;
  };
  std::deque<Job> jobs_;
  std::optional<Random> random_;
};

}  // namespace flow::testing
