#include "seam/actor.hpp"

#include "flow/base/check.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <algorithm>
#include <exception>
#include <string>

namespace flow::actors {
namespace {

constexpr std::uint8_t kFlowErrorCode = 1;
caf::atom_value flow_category() { return caf::atom("flow"); }

Error error_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return Error{Errc::internal, std::string{"exception in an actor: "} + e.what()};
  } catch (...) {
    return Error{Errc::internal, "exception of an unknown type in an actor"};
  }
}

}  // namespace
}  // namespace flow::actors

caf::error flow::to_caf(const Error& error) {
  return caf::error{actors::kFlowErrorCode, actors::flow_category(),
                    caf::make_message(error.encode())};
}

namespace flow::actors {

std::string describe(const caf::error& reason) {
  if (!reason) return "it ended normally";
  if (reason.category() == flow_category())
    if (const auto error = from_caf(reason)) return error->to_line();
  return caf::to_string(reason);
}

std::optional<Error> from_caf(const caf::error& reason) {
  if (!reason) return std::nullopt;
  if (reason.category() == flow_category()) {
    if (reason.context().match_elements<std::string>())
      if (auto error = Error::parse(reason.context().get_as<std::string>(0))) return error;
    return Error{Errc::internal, "an actor ended with an error that cannot be read"};
  }
  if (reason == caf::exit_reason::user_shutdown || reason == caf::exit_reason::kill ||
      reason == caf::exit_reason::unreachable)
    return std::nullopt;
  return Error{Errc::internal, "an actor ended: " + caf::to_string(reason)};
}

Actor::Actor(caf::actor_config& config, const char* role, Log& log)
    : caf::event_based_actor{config}, role_{role}, log_{log} {
  if (const auto* tapped = dynamic_cast<const TappedConfig*>(&system().config()))
    tap_ = tapped->tap;
}

void Actor::enqueue(caf::mailbox_element_ptr message, caf::execution_unit* unit) {
  if (tap_ != nullptr) {
    auto times = tap_->on_message(*this, *message);
    if (times == 0) return;
    while (--times > 0)
      enqueue_untapped(caf::make_mailbox_element(message->sender, message->mid, {},
                                                 message->copy_content_to_message()),
                       unit);
  }
  enqueue_untapped(std::move(message), unit);
}

void Actor::enqueue_untapped(caf::mailbox_element_ptr message, caf::execution_unit* unit) {
  caf::event_based_actor::enqueue(std::move(message), unit);
}

caf::behavior Actor::make_behavior() {
  set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    return to_caf(error_of(thrown));
  });
  set_default_handler(
      [](caf::scheduled_actor* self, caf::message_view& message) -> caf::result<caf::message> {
        auto* actor = static_cast<Actor*>(self);
        actor->log_.warn(std::string{"unexpected message dropped role="} + actor->role_ +
                         " type=" + caf::to_string(message.content()));
        return caf::sec::unexpected_message;
      });
  set_down_handler([](caf::scheduled_actor* self, caf::down_msg& down) {
    static_cast<Actor*>(self)->on_down(down.source.id(), down.reason);
  });
  set_exit_handler([](caf::scheduled_actor* self, caf::exit_msg&) {
    static_cast<Actor*>(self)->on_exit_request();
  });
  return handlers();
}

caf::resumable::resume_result Actor::resume(caf::execution_unit* unit, std::size_t max_throughput) {
  return caf::event_based_actor::resume(unit, std::min(max_throughput, messages_per_turn_));
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): those who override it keep the cause
void Actor::on_ended(ActorId, std::optional<Error>) {}
void Actor::on_down(ActorId who, const caf::error& reason) { on_ended(who, from_caf(reason)); }
void Actor::on_exit_request() { quit(caf::exit_reason::user_shutdown); }

void Actor::exit_now(const Address& who) {
  if (who)
    this->send<caf::message_priority::high>(
        who, caf::exit_msg{this->address(), caf::exit_reason::user_shutdown});
}

void Actor::kill(const Address& who) {
  if (who)
    this->send<caf::message_priority::high>(who,
                                            caf::exit_msg{this->address(), caf::exit_reason::kill});
}

void exit_now_from_outside(const Address& who) {
  if (who)
    caf::anon_send<caf::message_priority::high>(
        who, caf::exit_msg{who.address(), caf::exit_reason::user_shutdown});
}

}  // namespace flow::actors
