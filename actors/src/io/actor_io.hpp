#pragma once

#include "io/io_pool.hpp"
#include "seam/actor.hpp"

#include "flow/connector/io.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace flow::actors {

/// A job came home: I/O thread → the actor that submitted it. Lost only with the actor.
struct IoDone {
  std::uint64_t ticket = 0;
  std::optional<Error> thrown;  ///< The job threw: our bug or a library's.
};

/// The IoExecutor of one actor: jobs run in the pool, results come back as messages.
///
/// Owner: the actor; it forwards IoDone to finish().   Thread: actor-confined.
class ActorIo final : public IoExecutor {
 public:
  /// Tickets count from `first_ticket`: an actor with one after the other keeps them apart.
  ActorIo(IoPool& pool, Address home, std::uint64_t first_ticket = 1)
      : pool_{pool}, home_{std::move(home)}, next_ticket_{first_ticket} {}
  void submit(std::function<void()> work, std::function<void()> done) override;
  /// Runs the `done` of that job, if it was not cancelled. Errors: what the job threw.
  Status finish(const IoDone& message);
  /// No `done` runs any more.
  void cancel_all();
  [[nodiscard]] std::uint64_t next_ticket() const noexcept { return next_ticket_; }
  [[nodiscard]] std::size_t pending() const noexcept { return done_.size(); }

 private:
  IoPool& pool_;
  Address home_;
  std::uint64_t next_ticket_;
  std::map<std::uint64_t, std::function<void()>> done_;
};

}  // namespace flow::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::actors::IoDone)
