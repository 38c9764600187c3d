#pragma once

#include "seam/actor.hpp"

#include "flow/actors/runtime.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flow::actors {

/// Where one answer to JobHandle::progress is put.
struct ProgressBox {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<JobProgress> progress;
  std::function<void(const JobProgress&)> then;  ///< Set before the box is sent, if at all.

  void put(JobProgress answer) {
    if (then) then(answer);
    {
      const std::lock_guard lock{mutex};
      progress = std::move(answer);
    }
    ready.notify_all();
  }
};

/// What a JOB and the handles of it share: the result, once there is one, and where to send
/// requests.
///
/// Owner: shared.   Thread: thread-safe.
class JobBoard {
 public:
  explicit JobBoard(std::string job) : job_{std::move(job)} {}

  [[nodiscard]] const std::string& job() const noexcept { return job_; }
  /// The JOB can be reached from now on; what was asked before reaches it as well.
  void set_address(const Address& address) {
    std::vector<Request> early;
    {
      const std::lock_guard lock{mutex_};
      address_ = address;
      early.swap(early_);
    }
    for (const auto& request : early) request(address);
  }
  /// Sends to the JOB, now or as soon as there is one; nothing after its end.
  using Request = std::function<void(const Address&)>;
  void request(Request send) {
    Address to;
    {
      const std::lock_guard lock{mutex_};
      if (result_) return;
      if (!address_) {
        early_.push_back(std::move(send));
        return;
      }
      to = address_;
    }
    send(to);
  }
  /// Called once with the result, on whatever thread it comes from; set before the job starts.
  void on_finish(std::function<void(const JobResult&)> then) { then_ = std::move(then); }
  /// The first result counts; the JOB is not reachable any more.
  void finish(JobResult result) {
    std::function<void(const JobResult&)> then;
    {
      const std::lock_guard lock{mutex_};
      if (!result_) result_ = std::move(result);
      address_ = {};
      early_.clear();
      then.swap(then_);
    }
    ready_.notify_all();
    if (then) then(*result_);
  }
  [[nodiscard]] std::optional<JobResult> wait_for(std::chrono::milliseconds deadline) const {
    std::unique_lock lock{mutex_};
    ready_.wait_for(lock, deadline, [this] { return result_.has_value(); });
    return result_;
  }

 private:
  std::string job_;
  mutable std::mutex mutex_;
  mutable std::condition_variable ready_;
  Address address_;
  std::vector<Request> early_;
  std::function<void(const JobResult&)> then_;
  std::optional<JobResult> result_;
};

}  // namespace flow::actors
