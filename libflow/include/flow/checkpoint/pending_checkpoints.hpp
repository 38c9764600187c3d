#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/checkpoint/manifest.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// One subtask of the plan: chain and parallel index.
struct SubtaskId {
  std::uint32_t chain = 0;
  SubtaskIndex index;
  constexpr auto operator<=>(const SubtaskId&) const = default;
};

/// What a subtask hands in when its part of a checkpoint is durable.
struct SubtaskSnapshot {
  std::vector<OperatorSnapshot> operators;
  std::vector<SinkCommittable> committables;
  bool operator==(const SubtaskSnapshot&) const = default;
};

/// What an acknowledgement meant.
enum class AckOutcome : std::uint8_t {
  waiting,    ///< Counted; others are missing.
  complete,   ///< The last one: take() it.
  duplicate,  ///< This subtask acknowledged already; ignored.
  stale,  ///< No such checkpoint is pending (complete, failed, expired or never begun); ignored.
};

/// A checkpoint that will not complete, and why.
struct FailedCheckpoint {
  Epoch epoch;
  Error error;
};

/// The checkpoints that were triggered and are not complete: which subtasks are missing, until
/// when.
///
/// A complete checkpoint subsumes older pending ones: taking it drops them. A subtask that is not
/// part of the checkpoint is stale. Epochs strictly increase.
///
/// Owner: the COORDINATOR.   Thread: value. Deterministic: time is an argument.
class PendingCheckpoints {
 public:
  using Time = std::chrono::nanoseconds;  ///< Monotonic.

  /// `expected` must not be empty nor contain one twice.
  void begin(Epoch epoch, const std::vector<SubtaskId>& expected, Time now, Time deadline);
  AckOutcome acknowledge(Epoch epoch, SubtaskId subtask, SubtaskSnapshot snapshot);
  /// A subtask cannot take part; the checkpoint is dropped. Nothing if it is not pending (stale).
  std::optional<FailedCheckpoint> decline(Epoch epoch, SubtaskId subtask, const Error& cause);
  /// Drops what is past its deadline, oldest first; the error names who is missing.
  std::vector<FailedCheckpoint> expire(Time now);
  /// Drops all (the attempt ends).
  void clear() noexcept { pending_.clear(); }

  struct Complete {
    Epoch epoch;
    Time begun{};
    /// In the order of SubtaskId, whatever the order of arrival.
    std::vector<OperatorSnapshot> operators;
    std::vector<SinkCommittable> committables;
    std::vector<Epoch> subsumed;  ///< Older ones that were still pending.
  };
  /// Hands over a checkpoint for which acknowledge() said complete.
  Complete take(Epoch epoch);

  [[nodiscard]] std::size_t count() const noexcept { return pending_.size(); }
  [[nodiscard]] bool is_pending(Epoch epoch) const { return pending_.contains(epoch); }
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  struct Pending {
    Time begun{};
    Time deadline{};
    std::map<SubtaskId, std::optional<SubtaskSnapshot>> parts;
    std::size_t missing = 0;
  };
  std::map<Epoch, Pending> pending_;
  Epoch last_begun_;
};

}  // namespace flow
