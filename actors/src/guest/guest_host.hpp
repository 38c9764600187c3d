#pragma once

#include "seam/actor.hpp"

#include "flow/actor.hpp"
#include "flow/operators/operator.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace flow::actors {

/// Actors of the user's that stand in one subtask's chain, while its attempt lives.
///
/// Owner: the SUBTASK actor, which outlives it and calls on_down().   Thread: actor-confined.
class GuestHost final : public PartnerHost {
 public:
  /// `self` sends the requests; `wake(step)` is called when an answer can be taken.
  GuestHost(caf::event_based_actor& self, std::function<void(const std::string& step)> wake)
      : self_{self}, wake_{std::move(wake)} {}

  /// Calls the factory, watches what it made, and makes a partner of the actor it gave.
  Result<std::unique_ptr<Partner>> open(const OperatorContext& context,
                                        const ActorFactory::Make& make);
  /// A watched actor ended: what that means for the subtask; nothing if it is none of ours.
  std::optional<Error> on_down(ActorId who, const caf::error& reason);
  /// Whether actors are alive that belong to the attempt.
  [[nodiscard]] bool empty() const noexcept { return own_.empty(); }
  /// Calls `end` for each actor that belongs to the attempt and is alive.
  void for_each_own(const std::function<void(const Address&)>& end) const;

 private:
  void watch(const Address& who, const std::string& step);

  caf::event_based_actor& self_;
  std::function<void(const std::string&)> wake_;
  std::map<ActorId, Address> own_;
  std::map<ActorId, std::string> steps_;  // of every watched actor
};

}  // namespace flow::actors
