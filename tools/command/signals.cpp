#include "signals.hpp"

#include "exit_code.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>

namespace flow::command {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Signals::Signals() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  if (!thread_.joinable()) return;
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);  // blocked there: it only wakes take()
  thread_.join();
}

void Signals::watch() {
  if (!thread_.joinable()) thread_ = std::thread{[this] { take(); }};
}

void Signals::take() {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kGrace{800};
  const auto set = stop_signals();
  const timespec pause{0, 50'000'000};
  Clock::time_point second;
  while (!over_) {
    const bool arrived = sigtimedwait(&set, nullptr, &pause) > 0;
    if (arrived && !over_ && ++count_ == 2) second = Clock::now();
    if (count_ >= 2 && Clock::now() - second >= kGrace) ::_exit(kInterrupted);
  }
}

}  // namespace flow::command
