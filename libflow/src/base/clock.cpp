#include "flow/base/clock.hpp"

namespace flow {

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

EventTime SystemClock::wall() const {
  return {std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

}  // namespace flow
