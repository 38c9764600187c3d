#include "flow/checkpoint/barrier_aligner.hpp"

#include "flow/base/check.hpp"

#include <algorithm>

namespace flow {

BarrierAligner::BarrierAligner(std::size_t channels)
    : channels_(channels, Channel::open), open_{channels} {
  FLOW_CHECK(channels > 0, "a subtask without input channels aligns nothing");
}

// Every channel that has not ended may deliver again.
void BarrierAligner::release() {
  std::replace(channels_.begin(), channels_.end(), Channel::blocked, Channel::open);
  open_ = channels_.size() - ended_;
  aligning_.reset();
}

BarrierAligner::Outcome BarrierAligner::finish_if_aligned(Outcome outcome) {
  if (aligning_ && open_ == 0) {
    outcome.aligned = aligning_;
    over_ = *aligning_;
    release();
  }
  return outcome;
}

BarrierAligner::Outcome BarrierAligner::on_barrier(std::size_t channel, Epoch epoch) {
  FLOW_CHECK(channels_.at(channel) != Channel::ended,
             "a barrier came after the end of its channel");
  Outcome outcome;
  if (epoch <= over_ || (aligning_ && epoch < *aligning_) ||
      (aligning_ == epoch && channels_[channel] == Channel::blocked)) {
    outcome.stale = true;
    return outcome;
  }
  if (aligning_ && *aligning_ < epoch) {
    outcome.given_up = aligning_;
    over_ = *aligning_;
    release();
  }
  aligning_ = epoch;
  channels_[channel] = Channel::blocked;
  --open_;
  return finish_if_aligned(outcome);
}

BarrierAligner::Outcome BarrierAligner::on_end(std::size_t channel) {
  FLOW_CHECK(channels_.at(channel) != Channel::ended, "a channel ends once");
  FLOW_CHECK(channels_[channel] != Channel::blocked, "nothing is taken from a blocked channel");
  channels_[channel] = Channel::ended;
  ++ended_;
  --open_;
  return finish_if_aligned({});
}

BarrierAligner::Outcome BarrierAligner::on_cancelled(Epoch epoch) {
  Outcome outcome;
  outcome.stale = epoch <= over_;
  over_ = std::max(over_, epoch);
  if (aligning_ && *aligning_ <= epoch) {
    outcome.given_up = aligning_;
    release();
  }
  return outcome;
}

}  // namespace flow
