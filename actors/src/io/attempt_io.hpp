#pragma once

#include "io/io_pool.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace flow::actors {

/// The I/O of one attempt, so that the next one can wait until no job of the last is still running:
/// a job that began cannot be stopped, and it may be renaming a file.
///
/// Owner: the JOB, shared with the jobs.   Thread: thread-safe.
class AttemptIo final : public IoPool, public std::enable_shared_from_this<AttemptIo> {
 public:
  explicit AttemptIo(IoPool& pool) : pool_{pool} {}
  void run(std::function<void()> job) override;
  /// Jobs that have not begun never will; `idle` is called, from some thread, when none is running.
  void close(std::function<void()> idle);

 private:
  void finished();

  IoPool& pool_;
  std::mutex mutex_;
  std::size_t running_ = 0;
  bool closed_ = false;
  std::function<void()> idle_;
};

}  // namespace flow::actors
