#pragma once

#include "source/source_part.hpp"
#include "subtask/subtask_port.hpp"

#include "flow/graph/execution_plan.hpp"
#include "flow/operators/chain.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// Brings what a source's driver says into entry 0 of a chain, one element at a time, and talks to
/// the ENUMERATOR. Rows that could not be read go into entry 1 of a chain that wants them, together
/// with the rows they were found among: the position of a snapshot covers both.
///
/// Owner: one source SUBTASK attempt.   Thread: actor-confined.
class SourceFeed {
 public:
  static constexpr std::uint32_t kRows = 0;
  static constexpr std::uint32_t kDeadLetters = 1;

  /// How dead letters are made; what it refers to outlives the feed.
  struct DeadLetters {
    std::string source;
    const Clock& clock;
    SlabPool& pool;
  };
  /// Without `letters` the chain has entry 0 only.
  SourceFeed(std::unique_ptr<SourceDriver> driver, SubtaskPort& port,
             std::optional<DeadLetters> letters)
      : driver_{std::move(driver)}, port_{port}, letters_{std::move(letters)} {}

  /// From now on splits are asked for. `ended`: the restored chain has said that its input ended.
  /// `said`: the last watermark of the restored part, min() if there is none.
  void start(bool ended, EventTime said);
  Status on_splits(const std::vector<SplitAssignment>& splits, bool last);
  void on_prefix(PrefixDone prefix);
  void wake() noexcept { dry_ = false; }

  /// The chain takes what feed() may push.
  [[nodiscard]] bool is_accepted_by(const Chain& chain) const {
    return chain.accepts(kRows) && (!letters_ || chain.accepts(kDeadLetters));
  }
  /// Pushes at most one element and dead letters; false: nothing to read now. Precondition:
  /// is_accepted_by(chain).
  Result<bool> feed(Chain& chain, std::chrono::nanoseconds now);
  /// The chain takes nothing.
  void on_blocked() { driver_->on_blocked(); }
  /// When feed() can bring something without anybody's message.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> wakeup() const noexcept {
    return dry_ ? not_before_ : std::nullopt;
  }
  [[nodiscard]] SourcePart part() const;
  [[nodiscard]] SourceDriver& driver() noexcept { return *driver_; }
  [[nodiscard]] const SourceDriver& driver() const noexcept { return *driver_; }

 private:
  bool push_dead_letters(Chain& chain);

  std::unique_ptr<SourceDriver> driver_;
  SubtaskPort& port_;
  std::optional<DeadLetters> letters_;
  std::vector<SplitDone> done_;  // in this attempt
  EventTime watermark_due_ = EventTime::min();
  bool idle_due_ = false;
  bool end_due_ = false;
  bool ended_ = false;
  EventTime said_before_ = EventTime::min();  // by earlier attempts
  bool dry_ = true;                           // nothing to read until wake()
  std::optional<std::chrono::nanoseconds> not_before_;
};

}  // namespace flow::actors
