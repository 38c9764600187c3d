#include "guest/guest_partner.hpp"

#include <caf/sec.hpp>

#include <utility>

namespace flow::actors {

Error guest_error(std::string what, const caf::error& reason) {
  Error error{Errc::actor_failed, std::move(what)};
  if (const auto told = from_caf(reason); told && told->code() != Errc::internal)
    return std::move(error).because(*told).with_note(told->to_line());
  return std::move(error).with_cause(describe(reason));
}

GuestPartner::GuestPartner(caf::event_based_actor& self, Address guest,
                           const OperatorContext& context, std::function<void()> wake)
    : self_{self}, guest_{std::move(guest)} {
  inbox_->who = "the actor of '" + context.name + "' (subtask " +
                std::to_string(context.subtask.value) + "/" + std::to_string(context.parallelism) +
                ")";
  inbox_->wake = std::move(wake);
}

void GuestPartner::Inbox::put(std::uint64_t request, Result<PartnerReply> reply) {
  answers.push_back({request, std::move(reply)});
  wake();
}

void GuestPartner::Inbox::put_error(std::uint64_t request, const caf::error& reason,
                                    const char* expected) {
  if (reason == caf::sec::unexpected_message) {
    put(request, PartnerReply{PartnerReply::Kind::not_understood, {}, {}});
    return;
  }
  // It is gone: the SUBTASK hears why.
  if (reason == caf::sec::request_receiver_down) return;
  if (reason == caf::sec::unexpected_response) {
    put(request,
        Error{Errc::bad_actor_answer, who + " answered with something else"}.with_cause(
            std::string{"expected "} + expected + ", got " + caf::to_string(reason.context())));
    return;
  }
  put(request, guest_error(who + " failed", reason));
}

void GuestPartner::send(std::uint64_t request, Batch batch) {
  const std::weak_ptr<Inbox> inbox = inbox_;
  self_.request(guest_, caf::infinite, std::move(batch))
      .then(
          [inbox, request](Batch& answer) {
            if (const auto to = inbox.lock())
              to->put(request, PartnerReply{PartnerReply::Kind::batch, std::move(answer), {}});
          },
          [inbox, request](caf::error& reason) {
            if (const auto to = inbox.lock()) to->put_error(request, reason, "a flow::Batch");
          });
}

void GuestPartner::ask_state(std::uint64_t request, Epoch epoch) {
  const std::weak_ptr<Inbox> inbox = inbox_;
  self_.request(guest_, caf::infinite, snapshot_atom_v, epoch)
      .then(
          [inbox, request](std::string& state) {
            if (const auto to = inbox.lock())
              to->put(request, PartnerReply{PartnerReply::Kind::state, {}, std::move(state)});
          },
          [inbox, request](caf::error& reason) {
            if (const auto to = inbox.lock())
              to->put_error(request, reason, "its state as a std::string");
          });
}

void GuestPartner::give_state(std::uint64_t request, std::string state) {
  const std::weak_ptr<Inbox> inbox = inbox_;
  self_.request(guest_, caf::infinite, restore_atom_v, std::move(state))
      .then(
          [inbox, request] {
            if (const auto to = inbox.lock())
              to->put(request, PartnerReply{PartnerReply::Kind::restored, {}, {}});
          },
          [inbox, request](caf::error& reason) {
            const auto to = inbox.lock();
            if (!to) return;
            // Whatever it said, it took the state.
            if (reason == caf::sec::unexpected_response)
              to->put(request, PartnerReply{PartnerReply::Kind::restored, {}, {}});
            else
              to->put_error(request, reason, "nothing");
          });
}

std::optional<PartnerAnswer> GuestPartner::take() {
  if (inbox_->answers.empty()) return std::nullopt;
  auto answer = std::move(inbox_->answers.front());
  inbox_->answers.pop_front();
  return answer;
}

}  // namespace flow::actors
