#pragma once

#include "flow/connector/sink.hpp"
#include "flow/operators/operator.hpp"

#include <memory>
#include <vector>

namespace flow {

/// The last operator of a chain: gives rows to a connector's writer.
///
/// A batch the writer refuses stays here (and in the snapshot: it belongs to the epoch in which it
/// is accepted); the chain waits until the runtime, called by the writer's wake, calls
/// Chain::wake(). The two phases of exactly-once (prepare, commit, recover) are driven by the
/// runtime on writer() directly; it calls prepare() right after Chain::begin_snapshot().
///
/// Owner: the chain; the runtime keeps a pointer as long as the chain lives.   Thread:
/// actor-confined.
class SinkOperator final : public Operator {
 public:
  explicit SinkOperator(std::unique_ptr<SinkWriter> writer) : writer_{std::move(writer)} {}

  [[nodiscard]] SinkWriter& writer() noexcept { return *writer_; }

  Status open(const OperatorContext& context) override;
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_flush(Collector& out) override;
  Result<Progress> on_end(Collector& out) override;
  Result<Progress> resume(Collector& out) override;
  [[nodiscard]] bool waits_outside() const override { return !refused_.empty(); }
  Status snapshot(SnapshotSink& sink) override;
  Status restore(SnapshotSource& source) override;

 private:
  std::unique_ptr<SinkWriter> writer_;
  const OperatorContext* context_ = nullptr;
  std::vector<Batch> refused_;  // in order; more than one only after a rescale
};

}  // namespace flow
