#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"
#include "flow/state/keyed_table.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flow {

/// A moment of event time at which a key wants to be called.
struct Timer {
  EventTime at;
  std::uint64_t hash = 0;  ///< hash_rows() of the key.
  std::string key;         ///< Its canonical encoding (record/key.hpp).
  auto operator<=>(const Timer&) const = default;
};

/// The timers of the keys of one operator: keyed state, in (time, hash, key) order, so that what is
/// due is found by time alone and comes key group by key group. At most one per key and time.
///
/// Snapshots: begin_copy_out() is the barrier, copy_out() then writes the timers of that moment
/// in slices, whatever was set, taken or cancelled since.
///
/// Owner: one operator.   Thread: actor-confined.   Cost: O(log timers) each.
class TimerState {
 public:
  using Writer = std::function<Status(const Timer& timer)>;

  /// Nothing if it is set already.
  void set(Timer timer);
  /// False if there is none.
  bool cancel(const Timer& timer);
  /// Moves the timers up to `now` of the keys in `hashes` to `due`, earliest first, `limit` of them
  /// at most.
  void take_due(EventTime now, HashRange hashes, std::size_t limit, std::vector<Timer>& due);

  void begin_copy_out();
  /// A slice of about `budget` bytes, which it lowers; true when all is written.
  Result<bool> copy_out(const Writer& write, std::int64_t& budget);

  [[nodiscard]] std::size_t size() const noexcept { return timers_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  using Timers = std::map<Timer, std::uint32_t>;  // to the snapshot that it was first set for
  static std::uint64_t cost_of(const Timer& timer) noexcept { return timer.key.size() + 96; }
  Timers::iterator remove(Timers::iterator at);

  Timers timers_;
  std::uint64_t bytes_ = 0;
  std::uint32_t epoch_ = 1;
  bool copying_ = false;
  std::optional<Timer> copied_;  // timers up to here are written
  std::vector<Timer> aside_;     // gone since the barrier, not yet written
};

}  // namespace flow
