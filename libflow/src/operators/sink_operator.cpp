#include "flow/operators/sink_operator.hpp"

#include "waiting_rows.hpp"

#include <iterator>
#include <string_view>
#include <utility>

namespace flow {
namespace {

constexpr std::string_view kBlob = "refused";
constexpr std::uint8_t kVersion = 1;

}  // namespace

Status SinkOperator::open(const OperatorContext& context) {
  context_ = &context;
  return {};
}

Result<Progress> SinkOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& /*out*/) {
  FLOW_ASSIGN(const auto written, writer_->write(batch));
  if (written.accepted) return Progress::done;
  refused_.push_back(std::move(batch));
  return Progress::more;
}

Result<Progress> SinkOperator::resume(Collector& /*out*/) {
  while (!refused_.empty()) {
    FLOW_ASSIGN(const auto written, writer_->write(refused_.front()));
    if (!written.accepted) return Progress::more;
    refused_.erase(refused_.begin());
  }
  return Progress::done;
}

Result<Progress> SinkOperator::on_flush(Collector& /*out*/) {
  writer_->flush();
  return Progress::done;
}

Result<Progress> SinkOperator::on_end(Collector& out) { return on_flush(out); }

Status SinkOperator::snapshot(SnapshotSink& sink) {
  if (refused_.empty()) return {};
  ByteWriter out;
  out.put(kVersion);
  PartOrigin::of(*context_).put(out);
  out.put(static_cast<std::uint32_t>(refused_.size()));
  for (const auto& batch : refused_) put_batch(out, batch, context_->pool);
  return sink.put_blob(kBlob, out.take());
}

Status SinkOperator::restore(SnapshotSource& source) {
  FLOW_ASSIGN(const auto blobs, source.blobs(kBlob));
  for (const auto& blob : blobs) {
    ByteReader in{blob};
    const auto version = in.get<std::uint8_t>();
    const auto origin = PartOrigin::get(in);
    std::vector<Batch> batches;
    for (auto left = in.get_count(8); left > 0; --left) {
      FLOW_ASSIGN(auto batch, get_batch(in, context_->pool));
      batches.push_back(std::move(batch));
    }
    if (version != kVersion || !in.finished())
      return Error{Errc::corrupt_snapshot_part, "cannot read the rows a sink had refused"};
    if (!origin.falls_to(*context_)) continue;
    refused_.insert(refused_.end(), std::make_move_iterator(batches.begin()),
                    std::make_move_iterator(batches.end()));
  }
  return {};
}

}  // namespace flow
