#pragma once

#include "source/source_part.hpp"
#include "subtask/subtask_port.hpp"

#include "flow/graph/execution_plan.hpp"
#include "flow/operators/chain.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace flow::actors {

/// Brings what a source's driver says into entry 0 of a chain, one element at a time, and talks to
/// the ENUMERATOR.
///
/// Owner: one source SUBTASK attempt.   Thread: actor-confined.
class SourceFeed {
 public:
  SourceFeed(std::unique_ptr<SourceDriver> driver, SubtaskPort& port)
      : driver_{std::move(driver)}, port_{port} {}

  /// From now on splits are asked for. `ended`: the restored chain has said that its input ended.
  /// `said`: the last watermark of the restored part, min() if there is none.
  void start(bool ended, EventTime said);
  Status on_splits(const std::vector<SplitAssignment>& splits, bool last);
  void on_prefix(PrefixDone prefix);
  void wake() noexcept { dry_ = false; }

  /// Pushes at most one element; false: nothing to read now. Precondition: chain.accepts(0).
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
  std::unique_ptr<SourceDriver> driver_;
  SubtaskPort& port_;
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
