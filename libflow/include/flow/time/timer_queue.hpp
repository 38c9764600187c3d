#pragma once

#include "flow/base/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace flow {

/// Wakeups by time: at most one per id, earliest first. Who fires them asks a clock; this value
/// does not.
///
/// Used for processing-time wakeups (linger, idleness, paced sources). Event-time timers of keys
/// are state and live with it.
///
/// Owner: a SUBTASK.   Thread: value.   Cost: O(log ids).
template <class Id = std::uint32_t>
class TimerQueue {
 public:
  /// Sets or moves the wakeup of `id`.
  void set(Id id, EventTime at) {
    cancel(id);
    at_[id] = at;
    order_.emplace(at, id);
  }
  /// Does nothing if `id` has none.
  void cancel(Id id) {
    const auto found = at_.find(id);
    if (found == at_.end()) return;
    order_.erase({found->second, id});
    at_.erase(found);
  }
  [[nodiscard]] std::optional<EventTime> of(Id id) const {
    const auto found = at_.find(id);
    return found == at_.end() ? std::nullopt : std::optional{found->second};
  }
  /// The earliest wakeup.
  [[nodiscard]] std::optional<EventTime> next() const {
    return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
  }
  /// Removes and returns the ids whose time has come, earliest first, equal times by id.
  std::vector<Id> take_due(EventTime now) {
    std::vector<Id> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      at_.erase(due.back());
      order_.erase(order_.begin());
    }
    return due;
  }
  [[nodiscard]] bool empty() const noexcept { return order_.empty(); }

 private:
  std::map<Id, EventTime> at_;
  std::set<std::pair<EventTime, Id>> order_;
};

}  // namespace flow
