#include "io/attempt_io.hpp"

#include <utility>

namespace flow::actors {

void AttemptIo::run(std::function<void()> job) {
  pool_.run([self = shared_from_this(), job = std::move(job)]() mutable {
    {
      const std::lock_guard lock{self->mutex_};
      if (self->closed_) return;
      ++self->running_;
    }
    job();
    job = nullptr;
    self->finished();
  });
}

void AttemptIo::finished() {
  std::function<void()> idle;
  {
    const std::lock_guard lock{mutex_};
    if (--running_ == 0 && closed_) idle = std::exchange(idle_, nullptr);
  }
  if (idle) idle();
}

void AttemptIo::close(std::function<void()> idle) {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    if (running_ > 0) {
      idle_ = std::move(idle);
      return;
    }
  }
  idle();
}

}  // namespace flow::actors
