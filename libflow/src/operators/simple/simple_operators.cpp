#include "simple_operators.hpp"

#include <string_view>
#include <utility>

namespace flow {
namespace {

constexpr std::string_view kThinBlob = "thin";

}  // namespace

Result<Progress> FilterOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  EvalContext evaluation{context_->pool};
  FLOW_ASSIGN(auto kept, condition_.filter(std::move(batch), evaluation));
  if (!kept.empty()) thin_.add(std::move(kept), context_->pool, out);
  return Progress::done;
}

Result<Progress> FilterOperator::on_watermark(EventTime /*now*/, Collector& out) {
  return on_flush(out);
}

Result<Progress> FilterOperator::on_flush(Collector& out) {
  thin_.flush(context_->pool, out);
  return Progress::done;
}

Result<Progress> FilterOperator::on_end(Collector& out) { return on_flush(out); }

Status FilterOperator::snapshot(SnapshotSink& sink) {
  if (thin_.empty()) return {};
  return sink.put_blob(kThinBlob, thin_.encode(*context_));
}

Status FilterOperator::restore(SnapshotSource& source) {
  FLOW_ASSIGN(const auto blobs, source.blobs(kThinBlob));
  for (const auto& blob : blobs) FLOW_TRY(thin_.restore(blob, *context_));
  return {};
}

Result<Progress> ProjectOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  EvalContext evaluation{context_->pool};
  std::vector<Column> columns;
  columns.reserve(outputs_.size());
  for (const auto& output : outputs_) {
    if (!output.expression) {
      columns.push_back(batch.column(output.column));
      continue;
    }
    FLOW_ASSIGN(auto column, output.expression->evaluate(batch, evaluation));
    columns.push_back(std::move(column));
  }
  out.emit(batch.with_columns(schema_, std::move(columns)));
  return Progress::done;
}

Result<Progress> UnionOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  if (batch.schema() == schema_) {
    out.emit(std::move(batch));
  } else {
    auto columns = std::move(batch.mutable_columns());
    out.emit(batch.with_columns(schema_, std::move(columns)));
  }
  return Progress::done;
}

}  // namespace flow
