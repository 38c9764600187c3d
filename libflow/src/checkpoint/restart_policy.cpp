#include "flow/checkpoint/restart_policy.hpp"

#include <algorithm>

namespace flow {
namespace {

// initial · 2^exponent up to max, without overflow.
Micros doubled(Micros initial, std::uint32_t exponent, Micros max) {
  std::int64_t delay = std::max<std::int64_t>(initial.count(), 0);
  for (std::uint32_t i = 0; i < exponent && delay < max.count(); ++i) {
    if (__builtin_mul_overflow(delay, std::int64_t{2}, &delay)) return max;
    if (delay == 0) break;
  }
  return Micros{std::min(delay, max.count())};
}

// Up to `share` of the delay is taken away again: never later than promised, and never before its
// time by more than that.
Micros with_jitter(Micros delay, double share, Random& random) {
  const double taken =
      static_cast<double>(delay.count()) * std::clamp(share, 0.0, 1.0) * random.unit();
  return delay - Micros{static_cast<std::int64_t>(taken)};
}

}  // namespace

RestartVerdict judge_failure(const RestartPolicy& policy, RestartHistory& history,
                             const Error& cause, Micros healthy_for, Random& random) {
  if (cause.retry() == Retry::never) {
    return GiveUp{Error{cause}.with_note("not started again: the same would happen again")};
  }
  if (policy.kind == RestartPolicy::Kind::none) {
    return GiveUp{Error{cause}.with_note("not started again: restart.policy is none")};
  }
  if (healthy_for >= policy.reset_after) history = {};
  const bool outage =
      policy.kind == RestartPolicy::Kind::exponential && cause.retry() == Retry::backoff;
  if (!outage) {
    if (policy.limit != 0 && history.in_a_row >= policy.limit) {
      return GiveUp{Error{cause}.with_note(
          "not started again: it failed " + std::to_string(history.in_a_row + 1) +
          " times in a row without running for " + format_duration(policy.reset_after))};
    }
    ++history.in_a_row;
  }
  if (policy.kind == RestartPolicy::Kind::fixed) return RestartAfter{policy.initial};
  const Micros delay = doubled(policy.initial, history.delayed, policy.max);
  history.delayed = std::min<std::uint32_t>(history.delayed + 1, 62);
  return RestartAfter{with_jitter(delay, policy.jitter, random)};
}

}  // namespace flow
