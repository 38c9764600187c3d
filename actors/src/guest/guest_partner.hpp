#pragma once

#include "seam/actor.hpp"

#include "flow/operators/operator.hpp"
#include "flow/operators/partner.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace flow::actors {

/// `what` happened to an actor of the user's, because of `reason`: an exit reason, or what it
/// answered. Errors made with to_caf() keep their retry and remedy.
Error guest_error(std::string what, const caf::error& reason);

/// An actor of the user's as the operator sees it: requests are messages, answers wait in an inbox.
///
/// Requests have no deadline here and get no answer if the actor is gone: the operator keeps
/// deadlines, and the SUBTASK hears of the end of what it watches.
///
/// Owner: the operator.   Thread: actor-confined, but for the destructor.
class GuestPartner final : public Partner {
 public:
  /// `self` outlives every call but the destructor.
  GuestPartner(caf::event_based_actor& self, Address guest, const OperatorContext& context,
               std::function<void()> wake);

  void send(std::uint64_t request, Batch batch) override;
  void ask_state(std::uint64_t request, Epoch epoch) override;
  void give_state(std::uint64_t request, std::string state) override;
  std::optional<PartnerAnswer> take() override;

 private:
  /// Shared with the handlers of answers, which may be called later than the partner lives.
  struct Inbox {
    std::deque<PartnerAnswer> answers;
    std::string who;
    std::function<void()> wake;
    void put(std::uint64_t request, Result<PartnerReply> reply);
    void put_error(std::uint64_t request, const caf::error& reason, const char* expected);
  };

  caf::event_based_actor& self_;
  Address guest_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

}  // namespace flow::actors
