#include "flow/checkpoint/pending_checkpoints.hpp"

#include <algorithm>
#include <iterator>

namespace flow {

void PendingCheckpoints::begin(Epoch epoch, const std::vector<SubtaskId>& expected, Time now,
                               Time deadline) {
  FLOW_CHECK(epoch > last_begun_, "epochs strictly increase");
  FLOW_CHECK(!expected.empty(), "somebody has to take part");
  Pending pending;
  pending.begun = now;
  pending.deadline = deadline;
  for (const SubtaskId subtask : expected) pending.parts.emplace(subtask, std::nullopt);
  FLOW_CHECK(pending.parts.size() == expected.size(), "a subtask takes part once");
  pending.missing = expected.size();
  pending_.emplace(epoch, std::move(pending));
  last_begun_ = epoch;
}

AckOutcome PendingCheckpoints::acknowledge(Epoch epoch, SubtaskId subtask,
                                           SubtaskSnapshot snapshot) {
  const auto found = pending_.find(epoch);
  if (found == pending_.end()) return AckOutcome::stale;
  Pending& pending = found->second;
  const auto part = pending.parts.find(subtask);
  if (part == pending.parts.end()) return AckOutcome::stale;
  if (part->second) return AckOutcome::duplicate;
  part->second = std::move(snapshot);
  return --pending.missing == 0 ? AckOutcome::complete : AckOutcome::waiting;
}

std::optional<FailedCheckpoint> PendingCheckpoints::decline(Epoch epoch, SubtaskId subtask,
                                                            const Error& cause) {
  const auto found = pending_.find(epoch);
  if (found == pending_.end()) return std::nullopt;
  const auto part = found->second.parts.find(subtask);
  // Who has acknowledged has nothing left to decline: that would be a message of another life.
  if (part == found->second.parts.end() || part->second) return std::nullopt;
  pending_.erase(found);
  return FailedCheckpoint{
      epoch,
      Error{Errc::checkpoint_declined,
            "checkpoint " + std::to_string(epoch.value) + " was declined by subtask " +
                std::to_string(subtask.index.value) + " of chain " + std::to_string(subtask.chain)}
          .with_cause(cause.to_line())};
}

std::vector<FailedCheckpoint> PendingCheckpoints::expire(Time now) {
  std::vector<FailedCheckpoint> failed;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const Pending& pending = it->second;
    if (pending.deadline > now || pending.missing == 0) {
      ++it;
      continue;
    }
    const auto first = std::find_if(pending.parts.begin(), pending.parts.end(),
                                    [](const auto& part) { return !part.second; });
    const auto waited = std::chrono::duration_cast<Micros>(now - pending.begun);
    failed.push_back(
        {it->first,
         Error{Errc::checkpoint_expired,
               "checkpoint " + std::to_string(it->first.value) + " is not complete after " +
                   format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(waited))}
             .with_cause(std::to_string(pending.missing) + " of " +
                         std::to_string(pending.parts.size()) +
                         " subtasks are missing, first: subtask " +
                         std::to_string(first->first.index.value) + " of chain " +
                         std::to_string(first->first.chain))
             .with_remedy(
                 "raise checkpoints.timeout if the store is slow; see which node is busy or "
                 "backpressured otherwise")});
    it = pending_.erase(it);
  }
  return failed;
}

PendingCheckpoints::Complete PendingCheckpoints::take(Epoch epoch) {
  const auto found = pending_.find(epoch);
  FLOW_CHECK(found != pending_.end() && found->second.missing == 0, "it is not complete");
  Complete complete;
  complete.epoch = epoch;
  complete.begun = found->second.begun;
  for (auto& [subtask, snapshot] : found->second.parts) {
    std::move(snapshot->operators.begin(), snapshot->operators.end(),
              std::back_inserter(complete.operators));
    std::move(snapshot->committables.begin(), snapshot->committables.end(),
              std::back_inserter(complete.committables));
  }
  for (auto it = pending_.begin(); it != found; ++it) complete.subsumed.push_back(it->first);
  pending_.erase(pending_.begin(), std::next(found));
  return complete;
}

std::optional<PendingCheckpoints::Time> PendingCheckpoints::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [epoch, pending] : pending_) {
    next = std::min(next.value_or(pending.deadline), pending.deadline);
  }
  return next;
}

}  // namespace flow
