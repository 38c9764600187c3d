// The checkpoint half of a SUBTASK: alignment, snapshot, committables, commit.
#include "subtask/subtask.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {

void Subtask::on_barrier(std::size_t channel, Epoch epoch, BarrierKind kind) {
  if (setup_.options.break_alignment_for_tests) {
    if (epoch > broken_at_) due_ = Barrier{epoch, kind};
    broken_at_ = std::max(broken_at_, epoch);
    return;
  }
  const auto outcome = aligner_.on_barrier(channel, epoch);
  if (outcome.stale) return;
  if (outcome.given_up)
    port_.decline(*outcome.given_up, Error{Errc::checkpoint_declined,
                                           "a newer checkpoint began before this one was aligned"});
  if (outcome.aligned) {
    due_ = Barrier{*outcome.aligned, kind};
    give_up_snapshot();
  }
  input_.set_blocked(aligner_);
}

bool Subtask::can_answer() const noexcept {
  if (!due_ || abandoned_) return false;
  // The last barriers promise that everything before them has come out.
  if (due_->kind == BarrierKind::periodic) return true;
  const auto rests = chain_state_ == Chain::State::idle || chain_state_ == Chain::State::ended;
  return rests && !chain_->awaits_outside();
}

Status Subtask::answer_barrier() {
  const auto barrier = *std::exchange(due_, std::nullopt);
  if (barrier.epoch <= aborted_) return {};
  give_up_snapshot();
  FLOW_TRY(hit("barrier.before_snapshot"));
  std::vector<SnapshotJob::Operator> operators;
  const auto owned =
      key_groups_of(setup_.wired.index, planned_.parallelism, setup_.plan->key_groups);
  for (const auto& link : planned_.links) operators.push_back({link.name, owned});
  snapshot_ = std::make_unique<SnapshotJob>(
      barrier.epoch, setup_.attempt, setup_.wired.index, planned_.parallelism, std::move(operators),
      setup_.store, planned_.links.back().name + "-" + std::to_string(setup_.wired.id.value), io_,
      setup_.options.snapshot_chunk, [this] { port_.step_soon(); },
      [this](Result<std::vector<OperatorSnapshot>> parts) {
        if (!parts) {
          const auto epoch = snapshot_->epoch();
          give_up_snapshot();
          port_.decline(epoch, std::move(parts).error());
          return;
        }
        parts_ = *std::move(parts);
        maybe_acknowledge();
      });
  if (source_)
    FLOW_TRY(snapshot_->sinks()[0]->put_blob(SourcePart::kBlob, source_->part().encode()));
  FLOW_TRY(chain_->begin_snapshot(barrier.epoch, snapshot_->sinks()));
  snapshot_->take_blobs();
  port_.report_barrier(barrier.epoch, report());
  prepare_sinks(barrier.epoch);
  FLOW_TRY(hit("barrier.before_forward"));
  output_.emit_barrier(barrier.epoch, barrier.kind);
  if (barrier.kind == BarrierKind::stop) reading_stopped_ = true;
  return hit("barrier.after_forward");
}

void Subtask::prepare_sinks(Epoch epoch) {
  preparing_ += sinks_.size();
  for (std::size_t s = 0; s < sinks_.size(); ++s) {
    sinks_[s].writer->prepare(
        epoch, [this, s, epoch, alive = std::weak_ptr<bool>{alive_}](Result<std::string> bytes) {
          if (alive.expired()) return;
          if (!bytes) {
            // What was written since the last epoch may be gone: only a restart brings it back. The
            // sink stays among those that have not answered: nothing is acknowledged without it.
            fail(std::move(bytes).error().with_context("sink '" + sinks_[s].name + "'"));
            return;
          }
          --preparing_;
          if (!bytes.value().empty())
            sinks_[s].prepared.push_back({epoch, setup_.wired.index, *std::move(bytes)});
          maybe_acknowledge();
        });
  }
}

Status Subtask::copy_slice() {
  if (abandoned_) {
    FLOW_ASSIGN(const auto left, chain_->copy_out(abandoned_->sinks(), setup_.options.copy_slice));
    abandoned_->drop_slice();
    if (left == Progress::done) abandoned_.reset();
    return {};
  }
  FLOW_ASSIGN(const auto progress, chain_->copy_out(snapshot_->sinks(), setup_.options.copy_slice));
  if (progress == Progress::done)
    snapshot_->finish();
  else
    snapshot_->after_slice();
  return {};
}

void Subtask::maybe_acknowledge() {
  if (failure_ || !snapshot_ || !parts_ || preparing_ > 0) return;
  SubtaskSnapshot whole;
  whole.operators = *std::exchange(parts_, std::nullopt);
  // What earlier epochs prepared and nobody committed yet is committed with this one.
  for (const auto& sink : sinks_)
    for (const auto& committable : sink.prepared)
      if (committable.epoch <= snapshot_->epoch())
        whole.committables.push_back(
            {sink.name, committable.epoch, committable.subtask, committable.bytes});
  const auto epoch = snapshot_->epoch();
  snapshot_.reset();
  if (auto status = hit("barrier.before_acknowledge"); !status) {
    fail(std::move(status).error());
    return;
  }
  port_.acknowledge(epoch, std::move(whole));
}

void Subtask::give_up_snapshot() {
  if (snapshot_ && snapshot_->copying()) {
    abandoned_ = std::move(snapshot_);
    abandoned_->abandon();
  }
  snapshot_.reset();
  parts_.reset();
}

void Subtask::start_commit() {
  const auto epoch = commits_.front();
  committing_ = 1;
  const auto answered = [this, epoch](Status status) {
    if (!status) {
      fail(std::move(status).error());
      return;
    }
    if (--committing_ > 0) return;
    port_.report_committed(epoch);
    commits_.erase(commits_.begin());
    if (!commits_.empty()) start_commit();
  };
  for (auto& sink : sinks_) {
    std::vector<Committable> due;
    for (const auto& committable : sink.prepared)
      if (committable.epoch <= epoch) due.push_back(committable);
    if (due.empty()) continue;
    ++committing_;
    sink.writer->commit(std::move(due), [&sink, epoch, answered,
                                         alive = std::weak_ptr<bool>{alive_}](Status status) {
      if (alive.expired()) return;
      if (status)
        std::erase_if(sink.prepared, [&](const Committable& c) { return c.epoch <= epoch; });
      answered(std::move(status));
    });
  }
  if (auto status = hit("commit.after_begin"); !status) {
    fail(std::move(status).error());
    return;
  }
  answered({});
}

}  // namespace flow::actors
