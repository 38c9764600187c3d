#pragma once

#include "flow/operators/chain.hpp"
#include "flow/time/watermark_combiner.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flow {

/// What waits in front of an operator. Stored in snapshots: never renumber.
struct ChainElement {
  enum class Kind : std::uint8_t { batch = 0, watermark = 1, idle = 2, end = 3 };
  Kind kind = Kind::batch;
  std::uint32_t input = 0;
  EventTime watermark;
  Batch batch;
};

/// A first-in first-out queue that is empty almost always and never long: room is one element.
class ChainQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return front_ == elements_.size(); }
  void push(ChainElement element) { elements_.push_back(std::move(element)); }
  [[nodiscard]] ChainElement pop() {
    auto element = std::move(elements_[front_++]);
    if (empty()) {
      elements_.clear();
      front_ = 0;
    }
    return element;
  }
  [[nodiscard]] ChainElement* last() noexcept { return empty() ? nullptr : &elements_.back(); }
  [[nodiscard]] auto begin() const noexcept {
    return elements_.begin() + static_cast<std::ptrdiff_t>(front_);
  }
  [[nodiscard]] auto end() const noexcept { return elements_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return elements_.size() - front_; }

 private:
  std::vector<ChainElement> elements_;
  std::size_t front_ = 0;
};

/// The call of an operator that returned `more`. Stored in snapshots: never renumber.
enum class ChainCall : std::uint8_t {
  none = 0,
  batch = 1,
  watermark = 2,
  processing_time = 3,
  flush = 4,
  end = 5,
  outside = 6,
};

/// What the loop knows about one operator, beside the operator. Plain data, so that a snapshot
/// between any two calls is complete. What is due follows from it: the combined watermark is ahead
/// of `handled`, the inputs are idle and nobody was told, all have finished and on_end was not
/// called.
struct ChainPending {
  ChainPending(std::uint32_t inputs_) : inputs{inputs_} {}  // NOLINT(google-explicit-constructor)

  WatermarkCombiner inputs;
  ChainQueue queue;
  ChainCall call = ChainCall::none;
  EventTime call_time;                   ///< The watermark that `call` handles.
  EventTime handled = EventTime::min();  ///< Last watermark forwarded.
  bool flush_due = false;
  bool idle_told = false;
  bool ended = false;

  [[nodiscard]] bool has_work() const noexcept {
    return call != ChainCall::none || !queue.empty() || flush_due || inputs.watermark() > handled ||
           (inputs.idle() && !idle_told) || (inputs.finished() && !ended);
  }
};

/// `pending` as a blob of the operator's snapshot; batches that wait are sealed into it.
std::string encode_pending(const ChainPending& pending, const OperatorContext& context);

/// What restore found: whether downstream must be told again what was reached.
enum class RestoredAs : std::uint8_t {
  fresh,     ///< No blob concerned this subtask.
  same,      ///< As it was.
  rescaled,  ///< Merged from parts of other subtasks; inputs are unknown, watermarks are the
             ///< minimum.
};

/// Restores `pending` (fresh) from the blobs of every subtask that concerns this one. Rows that
/// wait go to the owner of their key group, as `op` tells it; rows without one follow the first key
/// group of the subtask they waited in. Errors: corrupt_snapshot_part.
Result<RestoredAs> restore_pending(const std::vector<std::string>& blobs,
                                   const OperatorContext& context, Operator& op,
                                   ChainPending& pending);

}  // namespace flow
