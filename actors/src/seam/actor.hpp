// The seam: the only place that knows CAF 0.17. A later move to CAF 1.x touches this folder.
#pragma once

#include "flow/actor.hpp"
#include "flow/base/error.hpp"
#include "flow/base/log.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace flow::actors {

/// Where messages go. Copying costs one atomic increment; an empty address is false.
using Address = caf::actor;
/// Names an actor without keeping it alive.
using ActorId = caf::actor_id;
using Behavior = caf::behavior;

// to_caf() and from_caf() are the one translation between our errors and CAF's, lossless both ways.

/// nullopt for a normal exit.
std::optional<Error> from_caf(const caf::error& reason);
/// An exit reason or error of an actor that is not of the runtime, for people.
std::string describe(const caf::error& reason);

class Actor;

/// Sees every message before it goes into the mailbox of an actor: loses, doubles or delays it in a
/// test.
///
/// Thread: the sender's.
class MessageTap {
 public:
  virtual ~MessageTap() = default;
  /// How many times `to` gets the message.
  virtual std::size_t on_message(Actor& to, const caf::mailbox_element& message) = 0;
};
/// An actor system whose messages pass a tap. Without one nothing looks at them.
struct TappedConfig final : caf::actor_system_config {
  explicit TappedConfig(MessageTap& with) : tap{&with} {}
  MessageTap* tap;  ///< Outlives the actor system.
};

/// An actor of the runtime: what every role derives from.
///
/// It answers nothing it does not know (logged and dropped), turns an exception of a handler into
/// the exit reason, and gives the thread back after `kMessagesPerTurn` messages, because a message
/// may be a step of about a millisecond.
///
/// Thread: actor-confined.
class Actor : public caf::event_based_actor {
 public:
  Actor(caf::actor_config& config, const char* role, Log& log);
  const char* name() const override { return role_; }
  caf::behavior make_behavior() final;
  resume_result resume(caf::execution_unit* unit, std::size_t max_throughput) override;
  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* unit) override;
  /// The same as if it had passed the tap: what a test sends once more.
  void enqueue_untapped(caf::mailbox_element_ptr message, caf::execution_unit* unit);

 protected:
  /// One handler per message type; each takes the struct by reference.
  virtual Behavior handlers() = 0;
  /// A watched actor ended; nullopt: normally, on request.
  virtual void on_ended(ActorId who, std::optional<Error> cause);
  /// The same with the exit reason as it came; calls on_ended() unless overridden.
  virtual void on_down(ActorId who, const caf::error& reason);
  /// exit_now() was called from outside; the default quits.
  virtual void on_exit_request();

  template <class Message>
  void tell(const Address& to, Message message) {
    if (to) this->send(to, std::move(message));
  }
  /// Overtakes everything of normal priority in the receiver's mailbox.
  template <class Message>
  void tell_urgently(const Address& to, Message message) {
    if (to) this->template send<caf::message_priority::high>(to, std::move(message));
  }
  /// Never early. Cannot be cancelled: give the message a generation.
  template <class Message>
  void tell_self_after(std::chrono::nanoseconds delay, Message message) {
    this->delayed_send(this, delay, std::move(message));
  }
  template <class Message>
  void tell_self(Message message) {
    this->send(this, std::move(message));
  }
  void watch(const Address& who) { this->monitor<caf::message_priority::high>(who); }
  /// Asks `who` to end before it reads anything else.
  void exit_now(const Address& who);
  /// Ends `who` even if it has its own mind about exits.
  void kill(const Address& who);
  [[nodiscard]] Address self() { return caf::actor_cast<Address>(this); }
  [[nodiscard]] Log& log() noexcept { return log_; }

  static constexpr std::size_t kMessagesPerTurn = 4;
  std::size_t messages_per_turn_ = 50;

 private:
  const char* role_;
  Log& log_;
  MessageTap* tap_ = nullptr;
};

/// Sends from a thread that is not an actor's.
template <class Message>
void post(const Address& to, Message message) {
  if (to) caf::anon_send(to, std::move(message));
}
template <class Message>
void post_urgently(const Address& to, Message message) {
  if (to) caf::anon_send<caf::message_priority::high>(to, std::move(message));
}
void exit_now_from_outside(const Address& who);

}  // namespace flow::actors
