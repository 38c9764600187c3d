#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace flow::actors {

/// Runs blocking jobs somewhere else than on a scheduler thread. A job sends its result home
/// itself.
///
/// Thread: thread-safe.
class IoPool {
 public:
  virtual ~IoPool() = default;
  /// Jobs begin in the order of submission; how many run at once is the pool's business.
  virtual void run(std::function<void()> job) = 0;
};

/// A few threads and one queue. What waits is bounded by those who submit: each SUBTASK has a
/// handful of jobs at most (prefetches, chunks of a snapshot, a commit).
class IoThreads final : public IoPool {
 public:
  explicit IoThreads(std::uint32_t threads);
  /// Drops what has not begun and waits for what has.
  ~IoThreads() override;
  void run(std::function<void()> job) override;
  /// The same as the destructor; run() afterwards drops the job.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace flow::actors
