#include "through_operator.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"

#include <algorithm>
#include <utility>

namespace flow {
namespace {

Batch without_ballast(Batch batch, SlabPool& pool) {
  if (is_worth_detaching(batch, batch.retained_bytes())) return detach(batch, pool);
  return batch;
}

}  // namespace

ThroughOperator::ThroughOperator(ThroughSpec spec, SchemaPtr output,
                                 std::optional<std::size_t> time)
    : spec_{std::move(spec)}, output_{std::move(output)}, time_{time} {}

Status ThroughOperator::open(const OperatorContext& context) {
  context_ = &context;
  FLOW_ASSIGN(partner_, spec_.partner->open(context));
  return {};
}

// --- Calls of the chain.

Result<Progress> ThroughOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  coming_home_ = false;
  unsent_.push_back(without_ballast(std::move(batch), context_->pool));
  return go_on(out);
}

Result<Progress> ThroughOperator::on_watermark(EventTime now, Collector& out) {
  coming_home_ = now == EventTime::max() || !unsent_.empty();
  if (coming_home_) return go_on(out);
  if (owed_.empty()) {
    told_ = now;
  } else if (owed_.back().request == 0) {
    owed_.back().watermark = now;
  } else {
    owed_.push_back({0, now, 0, std::nullopt});
  }
  return go_on(out);
}

EventTime ThroughOperator::output_watermark(EventTime now) const {
  if (owed_.empty() && unsent_.empty()) told_ = std::max(told_, now);
  return std::min(told_, now);
}

Result<Progress> ThroughOperator::on_processing_time(EventTime /*now*/, Collector& out) {
  return on_outside(out);
}

std::optional<EventTime> ThroughOperator::next_wakeup() const {
  if (asked_.empty()) return std::nullopt;
  const auto left = asked_.begin()->second.deadline - context_->clock.monotonic();
  // Rounded up: never before the deadline.
  return context_->clock.wall() + std::chrono::ceil<Micros>(std::max(left, {}));
}

Result<Progress> ThroughOperator::on_idle(Collector& out) {
  coming_home_ = true;
  return go_on(out);
}

Result<Progress> ThroughOperator::on_end(Collector& out) { return on_idle(out); }

Result<Progress> ThroughOperator::on_outside(Collector& out) {
  coming_home_ = false;
  return go_on(out);
}

Result<Progress> ThroughOperator::resume(Collector& out) { return go_on(out); }

bool ThroughOperator::waits_outside() const { return !has_answer(); }

bool ThroughOperator::awaits_outside() const {
  return !asked_.empty() || !owed_.empty() || !states_.empty();
}

ByteCount ThroughOperator::state_bytes() const {
  auto bytes = owed_bytes_;
  for (const auto& batch : unsent_) bytes += batch.retained_bytes();
  return ByteCount{bytes};
}

// --- Emitting.

Result<Progress> ThroughOperator::go_on(Collector& out) {
  FLOW_TRY(collect());
  emit(out);
  send_what_may_go();  // what was emitted has made room
  return is_done() ? Progress::done : Progress::more;
}

void ThroughOperator::emit(Collector& out) {
  while (!owed_.empty()) {
    auto& first = owed_.front();
    if (first.request == 0) {
      told_ = std::max(told_, first.watermark);
    } else {
      if (!first.answer || !out.has_room()) return;
      owed_bytes_ -= first.bytes;
      --owed_batches_;
      if (!first.answer->empty()) out.emit(*std::move(first.answer));
    }
    owed_.pop_front();
  }
}

bool ThroughOperator::is_done() const noexcept {
  if (!unsent_.empty() || has_answer()) return false;
  return !coming_home_ || (owed_.empty() && states_.empty() && restoring_ == 0);
}

// --- Asking and taking.

std::uint64_t ThroughOperator::request(Kind kind) {
  asked_.emplace(++last_request_, Request{kind, context_->clock.monotonic() + spec_.timeout});
  return last_request_;
}

Status ThroughOperator::collect() {
  give_states();
  while (auto answer = partner_->take()) FLOW_TRY(accept(*std::move(answer)));
  FLOW_TRY(check_deadline());
  send_what_may_go();
  ask_state_when_home();
  return {};
}

Status ThroughOperator::accept(PartnerAnswer answer) {
  const auto found = asked_.find(answer.request);
  FLOW_CHECK(found != asked_.end(), "an answer to nothing that was asked");
  const auto kind = found->second.kind;
  asked_.erase(found);
  if (!answer.reply) return std::move(answer.reply).error();
  auto reply = *std::move(answer.reply);
  switch (kind) {
    case Kind::batch:
      if (reply.kind != PartnerReply::Kind::batch)
        return Error{Errc::bad_actor_answer, "the actor does not take batches"}.with_remedy(
            "give it a handler for flow::Batch that answers with a flow::Batch");
      return accept_batch(answer.request, std::move(reply.batch));
    case Kind::state:
      return accept_state(std::move(reply));
    case Kind::restore:
      if (reply.kind != PartnerReply::Kind::restored)
        return Error{Errc::actor_state_lost, "the actor does not take its state back"}
            .with_cause(
                "the snapshot holds state of it, and it has no handler for "
                "(restore_atom, std::string)")
            .with_remedy("add the handler, or run with --fresh to begin without the state");
      --restoring_;
      return {};
  }
  return {};
}

Status ThroughOperator::accept_batch(std::uint64_t number, Batch batch) {
  FLOW_ASSIGN(auto answer, checked(std::move(batch)));
  answer = without_ballast(std::move(answer), context_->pool);
  const auto is_it = [&](const Owed& owed) { return owed.request == number; };
  if (copy_) {
    const auto at = std::find_if(copy_->owed.begin(), copy_->owed.end(), is_it);
    if (at != copy_->owed.end()) at->answer = answer;
  }
  const auto at = std::find_if(owed_.begin(), owed_.end(), is_it);
  FLOW_CHECK(at != owed_.end(), "an answer to a batch that is not owed");
  const auto bytes = std::max(at->bytes, answer.retained_bytes());
  owed_bytes_ += bytes - at->bytes;
  at->bytes = bytes;
  at->answer = std::move(answer);
  return {};
}

Status ThroughOperator::accept_state(PartnerReply reply) {
  FLOW_CHECK(copy_, "state without a snapshot");
  copy_->complete = true;
  if (reply.kind == PartnerReply::Kind::state) {
    has_state_ = true;
    if (reply.state.size() > kMaxState)
      return Error{Errc::bad_actor_answer, "the state of '" + context_->name + "' is too large"}
          .with_cause("it has " + std::to_string(reply.state.size()) + " bytes")
          .with_remedy("keep it below 4 GiB: raise the parallelism, or keep it somewhere else");
    copy_->state = std::move(reply.state);
    return {};
  }
  if (has_state_)
    return Error{Errc::actor_state_lost, "the actor does not give its state any more"}.with_cause(
        "it had state before, and now has no handler for (snapshot_atom, Epoch)");
  is_stateless_ = true;
  // It may have state all the same, and only pass on that somebody else did not understand.
  context_->log.warn("actor without state step='" + context_->name +
                     "' subtask=" + std::to_string(context_->subtask.value) +
                     " note=\"it does not answer snapshot_atom: a restart forgets what it knows\"");
  return {};
}

Result<Batch> ThroughOperator::checked(Batch batch) const {
  const auto refuse = [&](std::string expected, std::string got) {
    return Error{Errc::bad_actor_answer, "the actor of '" + context_->name + "' (subtask " +
                                             std::to_string(context_->subtask.value) + "/" +
                                             std::to_string(context_->parallelism) +
                                             ") answered with rows of another form"}
        .with_cause("expected " + std::move(expected) + ", got " + std::move(got));
  };
  if (batch.schema() == nullptr) {
    if (batch.rows() == 0) return batch;  // a default-constructed batch: no rows
    return refuse(output_->to_string(), "a batch without a schema");
  }
  const auto& fields = batch.schema()->fields();
  const auto fits = [](const Field& expected, const Field& got) {
    return expected.name == got.name && expected.type == got.type &&
           (expected.nullable || !got.nullable);
  };
  if (batch.columns().size() != fields.size())
    return refuse(std::to_string(fields.size()) + " columns",
                  std::to_string(batch.columns().size()));
  if (batch.schema() != output_) {
    if (!std::equal(output_->fields().begin(), output_->fields().end(), fields.begin(),
                    fields.end(), fits))
      return refuse(output_->to_string(), batch.schema()->to_string());
    auto columns = batch.columns();
    // The schema that came may go with the batch that had it.
    batch = batch.with_columns(output_, std::move(columns));
  }
  if (batch.is_changelog()) return refuse("new rows", "a changelog");
  if (time_) {
    auto nulls = false;
    batch.for_each_row(
        [&](std::uint32_t row) { nulls = nulls || batch.column(*time_).is_null(row); });
    if (nulls) return refuse("an event time in each row", "null");
  }
  // Whatever the bounds say, they are those of the rows that were sent.
  batch.set_time_bounds(EventTime::max(), EventTime::min());
  return batch;
}

Status ThroughOperator::check_deadline() const {
  if (asked_.empty() || asked_.begin()->second.deadline > context_->clock.monotonic()) return {};
  constexpr std::string_view kWhat[] = {"a batch", "the question for its state", "its state"};
  return Error{Errc::actor_timeout, "the actor of '" + context_->name + "' (subtask " +
                                        std::to_string(context_->subtask.value) + "/" +
                                        std::to_string(context_->parallelism) +
                                        ") did not answer in time"}
      .with_cause(std::string{kWhat[static_cast<std::size_t>(asked_.begin()->second.kind)]} +
                  " was without answer for " + format_duration(spec_.timeout))
      .with_remedy("make the actor answer, or raise the step's timeout");
}

void ThroughOperator::give_states() {
  for (; !states_.empty(); states_.pop_front()) {
    has_state_ = true;
    ++restoring_;
    partner_->give_state(request(Kind::restore), std::move(states_.front()));
  }
}

void ThroughOperator::send_what_may_go() {
  // Nothing may reach the partner between the batches before a barrier and the question for its
  // state, nor before it has its state back.
  if (!states_.empty() || restoring_ > 0 || (copy_ && !copy_->complete)) return;
  while (!unsent_.empty()) {
    const auto bytes = unsent_.front().retained_bytes();
    const auto full = owed_batches_ >= spec_.requests || owed_bytes_ + bytes > spec_.bytes.value;
    if (full && owed_batches_ > 0) return;
    const auto number = request(Kind::batch);
    owed_.push_back({number, {}, bytes, std::nullopt});
    ++owed_batches_;
    owed_bytes_ += bytes;
    partner_->send(number, std::move(unsent_.front()));
    unsent_.pop_front();
  }
}

}  // namespace flow
