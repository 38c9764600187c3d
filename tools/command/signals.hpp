#pragma once

#include <atomic>
#include <thread>

namespace flow::command {

/// Blocks SIGINT and SIGTERM in this thread and in those it starts, so that they wait for watch().
/// SIGPIPE is ignored: a closed pipe is an error of the sink that writes to it.
///
/// From watch() on, the second signal ends the process after a grace, whatever hangs: a write to a
/// pipe that nobody reads cannot be broken off, and nothing that was not committed becomes visible
/// by that.
///
/// Owner: main(), before any thread starts.   Thread: startup; watch() and count() on the main
/// thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  /// Starts the thread that takes the signals.
  void watch();
  /// How many SIGINT and SIGTERM have arrived since watch().
  [[nodiscard]] int count() const noexcept { return count_; }

 private:
  void take();

  std::atomic<int> count_ = 0;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace flow::command
