#pragma once

#include "flow/operators/operator.hpp"

#include <utility>

namespace flow::actors {

/// The head of a source's chain: gives on what the source has read, so that all that follows is one
/// chain. A second one beside it gives on what it could not read.
///
/// Owner: a chain.   Thread: actor-confined.
class SourceLink final : public Operator {
 public:
  Status open(const OperatorContext&) override { return {}; }
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector& out) override {
    out.emit(std::move(batch));
    return Progress::done;
  }
  Status snapshot(SnapshotSink&) override { return {}; }
  Status restore(SnapshotSource&) override { return {}; }
};

}  // namespace flow::actors
