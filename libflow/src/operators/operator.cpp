#include "flow/operators/operator.hpp"

// What an operator does that has nothing to say about a call.

namespace flow {

Result<Progress> Operator::on_watermark(EventTime /*now*/, Collector& /*out*/) {
  return Progress::done;
}

Result<Progress> Operator::on_processing_time(EventTime /*now*/, Collector& /*out*/) {
  return Progress::done;
}

Result<Progress> Operator::on_flush(Collector& /*out*/) { return Progress::done; }
Result<Progress> Operator::on_idle(Collector& out) { return on_flush(out); }

Result<Progress> Operator::on_end(Collector& /*out*/) { return Progress::done; }

Result<Progress> Operator::resume(Collector& /*out*/) { return Progress::done; }

Result<Progress> Operator::on_outside(Collector& /*out*/) { return Progress::done; }

void Operator::begin_copy_out(Epoch /*epoch*/) {}

Result<Progress> Operator::copy_out(SnapshotSink& /*sink*/, ByteCount /*bytes*/) {
  return Progress::done;
}

Result<bool> Operator::key_groups(std::uint32_t /*input*/, const Batch& /*batch*/,
                                  std::vector<KeyGroup>& /*groups*/) {
  return false;
}

}  // namespace flow
