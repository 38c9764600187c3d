#include "signals.hpp"

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

bool Signals::take() {
  const auto set = stop_signals();
  const timespec now{0, 0};
  return sigtimedwait(&set, nullptr, &now) > 0;
}

}  // namespace flow::command
