#include "io/actor_io.hpp"

#include <exception>
#include <string>
#include <utility>

namespace flow::actors {

void ActorIo::submit(std::function<void()> work, std::function<void()> done) {
  const auto ticket = next_ticket_++;
  done_.emplace(ticket, std::move(done));
  pool_.run([work = std::move(work), home = home_, ticket]() mutable {
    IoDone result{ticket, std::nullopt};
    try {
      work();
    } catch (const std::exception& e) {
      result.thrown = Error{Errc::internal, std::string{"exception in an I/O job: "} + e.what()};
    } catch (...) {
      result.thrown = Error{Errc::internal, "exception of an unknown type in an I/O job"};
    }
    // What the job holds (files, buffers) is let go here and not on the actor's thread.
    work = nullptr;
    post(home, std::move(result));
  });
}

Status ActorIo::finish(const IoDone& message) {
  const auto found = done_.find(message.ticket);
  if (found == done_.end()) return {};
  const auto done = std::move(found->second);
  done_.erase(found);
  if (message.thrown) return *message.thrown;
  done();
  return {};
}

void ActorIo::cancel_all() { done_.clear(); }

}  // namespace flow::actors
