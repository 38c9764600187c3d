#include "io/io_pool.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {

IoThreads::IoThreads(std::uint32_t threads) {
  for (std::uint32_t i = 0; i < std::max(threads, 1u); ++i)
    threads_.emplace_back([this] { work(); });
}

IoThreads::~IoThreads() { stop(); }

void IoThreads::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    dropped.swap(jobs_);
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void IoThreads::run(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
}

void IoThreads::work() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock{mutex_};
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace flow::actors
