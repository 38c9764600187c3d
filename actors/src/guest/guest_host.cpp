#include "guest/guest_host.hpp"

#include "guest/guest_partner.hpp"

#include <exception>
#include <string>
#include <utility>

namespace flow {
namespace actors {
namespace {

Error exception_of_guest(const std::exception_ptr& thrown) {
  Error error{Errc::actor_failed, "an exception was thrown"};
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return std::move(error).with_cause(exception.what());
  } catch (...) {
    return std::move(error).with_cause("not a std::exception");
  }
}

}  // namespace
}  // namespace actors

void Node::adopt(caf::actor made) {
  // CAF would print to stdout what an actor does not understand, such as the question for its
  // state. It has not begun to run, so nobody else looks at it; its own function may set another
  // handler.
  if (auto* actor =
          dynamic_cast<caf::scheduled_actor*>(caf::actor_cast<caf::abstract_actor*>(made))) {
    actor->set_default_handler(caf::drop);
    // And would lose the text of what it throws.
    actor->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) {
      return to_caf(actors::exception_of_guest(thrown));
    });
  }
  spawned_.push_back(std::move(made));
}

Result<std::unique_ptr<Partner>> ActorFactory::open(const OperatorContext& context) const {
  auto* host = dynamic_cast<actors::GuestHost*>(context.host);
  if (host == nullptr)
    return Error{Errc::internal, "an actor in the graph needs the runtime of actors"};
  return host->open(context, make_);
}

namespace actors {

Result<std::unique_ptr<Partner>> GuestHost::open(const OperatorContext& context,
                                                 const ActorFactory::Make& make) {
  Node node{self_.home_system(), context.name, context.subtask, context.parallelism};
  Address asked;
  std::optional<std::string> thrown;
  try {
    asked = make(node);
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {
    thrown = "not a std::exception";
  }
  // Also what a factory spawned before it failed is ended with the attempt.
  for (const auto& who : node.spawned()) {
    own_.emplace(who.id(), who);
    watch(who, context.name);
  }
  if (thrown)
    return Error{Errc::actor_failed, "the factory of '" + context.name + "' failed"}.with_cause(
        *std::move(thrown));
  if (!asked)
    return Error{Errc::bad_through, "the factory of '" + context.name + "' gave no actor"};
  if (!steps_.contains(asked.id())) watch(asked, context.name);
  return std::unique_ptr<Partner>{std::make_unique<GuestPartner>(
      self_, std::move(asked), context, [wake = wake_, step = context.name] { wake(step); })};
}

void GuestHost::watch(const Address& who, const std::string& step) {
  if (steps_.emplace(who.id(), step).second) self_.monitor<caf::message_priority::high>(who);
}

std::optional<Error> GuestHost::on_down(ActorId who, const caf::error& reason) {
  const auto step = steps_.find(who);
  if (step == steps_.end()) return std::nullopt;
  auto error = guest_error("the actor of '" + step->second + "' ended", reason);
  own_.erase(who);
  steps_.erase(step);
  return error;
}

void GuestHost::for_each_own(const std::function<void(const Address&)>& end) const {
  for (const auto& [id, who] : own_) end(who);
}

}  // namespace actors
}  // namespace flow
