// The snapshot half of ThroughOperator: what was owed at a barrier, and the partner's state.

#include "../waiting_rows.hpp"
#include "through_operator.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace flow {
namespace {

constexpr std::string_view kBlob = "told";
constexpr std::string_view kEntries = "partner";
constexpr std::uint8_t kVersion = 1;

Error corrupt() { return Error{Errc::corrupt_snapshot_part, "cannot read what an actor owed"}; }

}  // namespace

void ThroughOperator::begin_copy_out(Epoch epoch) { epoch_ = epoch; }

Status ThroughOperator::snapshot(SnapshotSink& sink) {
  FLOW_CHECK(!copy_, "a snapshot begins before the last one was copied out");
  ByteWriter out;
  out.put(kVersion);
  out.put(told_.micros);
  FLOW_TRY(sink.put_blob(kBlob, out.take()));
  copy_ = Copy{};
  copy_->epoch = epoch_;
  for (const auto& owed : owed_)
    if (owed.request != 0) copy_->owed.push_back(owed);
  copy_->unsent.assign(unsent_.begin(), unsent_.end());
  give_states();
  ask_state_when_home();
  return {};
}

/// Asks for the state of the snapshot under way, once everything that was out at its barrier has
/// been answered: so even an actor that answers some batches later than it takes others has done
/// with all of them, and with nothing else.
void ThroughOperator::ask_state_when_home() {
  if (!copy_ || copy_->complete || copy_->asked != 0) return;
  if (!states_.empty() || restoring_ > 0) return;
  const auto is_out = [](const Owed& owed) { return !owed.answer; };
  if (std::any_of(copy_->owed.begin(), copy_->owed.end(), is_out)) return;
  if (is_stateless_) {
    copy_->complete = true;
    return;
  }
  copy_->asked = request(Kind::state);
  partner_->ask_state(copy_->asked, copy_->epoch);
}

bool ThroughOperator::copy_waits_outside() const { return copy_ && !copy_->complete; }

Result<Progress> ThroughOperator::copy_out(SnapshotSink& sink, ByteCount /*bytes*/) {
  if (!copy_) return Progress::done;
  if (!copy_->complete) FLOW_TRY(collect());
  if (!copy_->complete) return Progress::more;
  const auto copy = *std::exchange(copy_, std::nullopt);
  // The part belongs to whoever owns this subtask's first key group.
  if (copy.owed.empty() && copy.unsent.empty() && !copy.state) return Progress::done;
  const auto entry = encode(copy);
  if (entry.size() > kMaxState)
    return Error{Errc::bad_actor_answer,
                 "the state of '" + context_->name + "' and what it owes are too large"}
        .with_cause("together they have " + std::to_string(entry.size()) + " bytes")
        .with_remedy("keep them below 4 GiB: raise the parallelism, or let fewer requests out");
  FLOW_TRY(sink.put_entry(kEntries, KeyGroup{context_->owned.first}, {}, entry));
  return Progress::done;
}

std::string ThroughOperator::encode(const Copy& copy) const {
  ByteWriter out;
  out.put(kVersion);
  out.put(static_cast<std::uint32_t>(copy.owed.size()));
  for (const auto& owed : copy.owed) {
    const auto rows = !owed.answer->empty();
    out.put(static_cast<std::uint8_t>(rows));
    if (rows) put_batch(out, *owed.answer, context_->pool);
  }
  out.put(static_cast<std::uint32_t>(copy.unsent.size()));
  for (const auto& batch : copy.unsent) put_batch(out, batch, context_->pool);
  out.put(static_cast<std::uint8_t>(copy.state.has_value()));
  if (copy.state) out.put_string(*copy.state);
  return out.take();
}

Status ThroughOperator::decode(std::string_view bytes) {
  ByteReader in{bytes};
  if (in.get<std::uint8_t>() != kVersion) return corrupt();
  for (auto left = in.get_count(); left > 0; --left) {
    if (!in.get_bool()) continue;
    FLOW_ASSIGN(auto answer, get_batch(in, context_->pool));
    FLOW_ASSIGN(answer, checked(std::move(answer)));
    const auto size = answer.retained_bytes();
    owed_.push_back({++last_request_, {}, size, std::move(answer)});
    ++owed_batches_;
    owed_bytes_ += size;
  }
  for (auto left = in.get_count(8); left > 0; --left) {
    FLOW_ASSIGN(auto batch, get_batch(in, context_->pool));
    unsent_.push_back(std::move(batch));
  }
  if (in.get_bool()) states_.emplace_back(in.get_string());
  return in.finished() ? Status{} : corrupt();
}

/// Watermarks that waited need not be kept: the one that was handled last is said when everything
/// before it has come out.
Status ThroughOperator::restore(SnapshotSource& source) {
  FLOW_ASSIGN(const auto blobs, source.blobs(kBlob));
  std::optional<EventTime> told;
  for (const auto& blob : blobs) {
    ByteReader in{blob};
    const auto version = in.get<std::uint8_t>();
    const EventTime of_part{in.get<std::int64_t>()};
    if (version != kVersion || !in.finished()) return corrupt();
    told = std::min(told.value_or(of_part), of_part);
  }
  told_ = told.value_or(EventTime::min());
  // Whatever call was interrupted, it may wait for everything: that is never wrong.
  coming_home_ = true;
  return source.entries(
      kEntries, context_->owned,
      [this](KeyGroup, std::string_view, std::string_view value) { return decode(value); });
}

}  // namespace flow
