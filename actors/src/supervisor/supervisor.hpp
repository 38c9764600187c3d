#pragma once

#include "seam/messages.hpp"

#include "flow/base/clock.hpp"
#include "flow/base/random.hpp"
#include "flow/checkpoint/restart_policy.hpp"
#include "flow/graph/execution_plan.hpp"

#include <cstdint>
#include <optional>

namespace flow::actors {

RestartPolicy restart_policy_of(const RestartSpec& spec);

/// The SUPERVISOR: hears of failures, keeps the first cause of each attempt, decides what to do.
///
/// The decision is a pure function (checkpoint/restart_policy.hpp) of the cause and of what
/// happened before.
class SupervisorActor final : public Actor {
 public:
  SupervisorActor(caf::actor_config& config, Address job, RestartPolicy policy, const Clock& clock,
                  Log& log, std::uint64_t seed);
  void on_exit() override { job_ = {}; }

 protected:
  Behavior handlers() override;

 private:
  void on_failed(FailedMsg& message);

  Address job_;
  RestartPolicy policy_;
  const Clock& clock_;
  Random random_;
  RestartHistory history_;
  Attempt attempt_;
  std::uint64_t round_ = 0;
  bool failed_ = false;
  std::optional<std::chrono::nanoseconds> running_since_;
};

}  // namespace flow::actors
