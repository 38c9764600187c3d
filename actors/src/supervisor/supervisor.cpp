#include "supervisor/supervisor.hpp"

#include <string>
#include <utility>

namespace flow::actors {

RestartPolicy restart_policy_of(const RestartSpec& spec) {
  RestartPolicy policy;
  switch (spec.policy) {
    case RestartSpec::Policy::none:
      policy.kind = RestartPolicy::Kind::none;
      break;
    case RestartSpec::Policy::fixed:
      policy.kind = RestartPolicy::Kind::fixed;
      break;
    case RestartSpec::Policy::exponential:
      policy.kind = RestartPolicy::Kind::exponential;
      break;
  }
  policy.limit = spec.attempts;
  policy.initial = spec.initial;
  policy.max = spec.max;
  policy.reset_after = spec.reset_after;
  return policy;
}

SupervisorActor::SupervisorActor(caf::actor_config& config, Address job, RestartPolicy policy,
                                 const Clock& clock, Log& log, std::uint64_t seed)
    : Actor{config, "supervisor", log},
      job_{std::move(job)},
      policy_{policy},
      clock_{clock},
      random_{seed} {}

Behavior SupervisorActor::handlers() {
  return {
      [this](AttemptMsg& m) {
        attempt_ = m.attempt;
        round_ = m.round;
        failed_ = false;
        running_since_ = m.running ? std::optional{clock_.monotonic()} : std::nullopt;
      },
      [this](FailedMsg& m) { on_failed(m); },
  };
}

void SupervisorActor::on_failed(FailedMsg& message) {
  // A cause is the first one; what follows from it, and what older attempts still say, changes
  // nothing.
  if (message.attempt != attempt_ || failed_) {
    log().debug("later failure ignored who=" + message.who + " error=" + message.error.to_line());
    return;
  }
  failed_ = true;
  const auto healthy =
      running_since_ ? std::chrono::duration_cast<Micros>(clock_.monotonic() - *running_since_)
                     : Micros{};
  auto verdict = judge_failure(policy_, history_, message.error, healthy, random_);
  tell_urgently(job_, VerdictMsg{attempt_, round_, std::move(message.error), std::move(verdict)});
}

}  // namespace flow::actors
