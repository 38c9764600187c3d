#include "flow/state/timer_state.hpp"

namespace flow {

void TimerState::set(Timer timer) {
  const auto cost = cost_of(timer);
  if (timers_.try_emplace(std::move(timer), epoch_).second) bytes_ += cost;
}

TimerState::Timers::iterator TimerState::remove(Timers::iterator at) {
  bytes_ -= cost_of(at->first);
  const bool is_owed = copying_ && at->second != epoch_ && (!copied_ || *copied_ < at->first);
  if (is_owed) aside_.push_back(at->first);
  return timers_.erase(at);
}

bool TimerState::cancel(const Timer& timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return false;
  remove(found);
  return true;
}

void TimerState::take_due(EventTime now, HashRange hashes, std::size_t limit,
                          std::vector<Timer>& due) {
  for (auto at = timers_.begin();
       at != timers_.end() && at->first.at <= now && due.size() < limit;) {
    if (at->first.hash < hashes.first || at->first.hash > hashes.last) {
      ++at;
      continue;
    }
    due.push_back(at->first);
    at = remove(at);
  }
}

void TimerState::begin_copy_out() {
  ++epoch_;
  copying_ = true;
  copied_.reset();
  aside_.clear();
}

Result<bool> TimerState::copy_out(const Writer& write, std::int64_t& budget) {
  if (!copying_) return true;
  const auto put = [&](const Timer& timer) -> Status {
    budget -= static_cast<std::int64_t>(timer.key.size() + sizeof(timer.at));
    return write(timer);
  };
  for (; !aside_.empty(); aside_.pop_back()) FLOW_TRY(put(aside_.back()));
  auto at = copied_ ? timers_.upper_bound(*copied_) : timers_.begin();
  for (; at != timers_.end(); ++at) {
    if (budget <= 0) return false;
    if (at->second != epoch_) FLOW_TRY(put(at->first));
    copied_ = at->first;
  }
  copying_ = false;
  return true;
}

}  // namespace flow
