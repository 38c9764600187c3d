#include "flow/checkpoint/barrier_aligner.hpp"

#include "flow/base/check.hpp"

#include <algorithm>

namespace flow {

BarrierAligner::BarrierAligner(std::size_t channels) : blocked_(channels, false), open_{channels} {
  FLOW_CHECK(channels > 0, "a subtask without input channels aligns nothing");
}

void BarrierAligner::release() {
  blocked_.assign(blocked_.size(), false);
  open_ = blocked_.size();
  aligning_.reset();
}

BarrierAligner::Outcome BarrierAligner::on_barrier(std::size_t channel, Epoch epoch) {
  Outcome outcome;
  if (epoch <= over_ || (aligning_ && epoch < *aligning_) ||
      (aligning_ == epoch && blocked_.at(channel))) {
    outcome.stale = true;
    return outcome;
  }
  if (aligning_ && *aligning_ < epoch) {
    outcome.given_up = aligning_;
    over_ = *aligning_;
    release();
  }
  aligning_ = epoch;
  blocked_.at(channel) = true;
  if (--open_ == 0) {
    outcome.aligned = aligning_;
    over_ = *aligning_;
    release();
  }
  return outcome;
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
