#include "coalescer.hpp"

#include "waiting_rows.hpp"

#include "flow/record/compact.hpp"

#include <utility>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint32_t kThin = 8;  // one row in so many
constexpr std::uint32_t kEnoughRows = kTargetRows / 2;
constexpr std::uint64_t kEnoughBytes = kTargetBytes.value / 2;
// Columns this short cost nothing to carry.
constexpr std::uint32_t kShort = 256;

}  // namespace

void Coalescer::add(Batch batch, SlabPool& pool, Collector& out) {
  const auto thin = batch.rows() > kShort && batch.selected() < batch.rows() / kThin;
  if (!thin) {
    flush(pool, out);
    out.emit(std::move(batch));
    return;
  }
  // A dictionary it shares must not keep the whole batch it came from.
  auto dense = detach(compact(batch, pool), pool);
  rows_ += dense.rows();
  bytes_ += dense.byte_size();
  waiting_.push_back(std::move(dense));
  if (rows_ >= kEnoughRows || bytes_ >= kEnoughBytes) flush(pool, out);
}

void Coalescer::flush(SlabPool& pool, Collector& out) {
  if (waiting_.empty()) return;
  auto all = concatenate(waiting_, pool);
  waiting_.clear();
  rows_ = 0;
  bytes_ = 0;
  out.emit(std::move(all));
}

std::string Coalescer::encode(const OperatorContext& context) const {
  ByteWriter out;
  out.put(kVersion);
  PartOrigin::of(context).put(out);
  out.put(static_cast<std::uint32_t>(waiting_.size()));
  for (const auto& batch : waiting_) put_batch(out, batch, context.pool);
  return out.take();
}

Status Coalescer::restore(std::string_view bytes, const OperatorContext& context) {
  ByteReader in{bytes};
  const auto version = in.get<std::uint8_t>();
  const auto origin = PartOrigin::get(in);
  for (auto left = in.get_count(8); left > 0; --left) {
    FLOW_ASSIGN(auto batch, get_batch(in, context.pool));
    if (!origin.falls_to(context)) continue;
    rows_ += batch.rows();
    bytes_ += batch.byte_size();
    waiting_.push_back(std::move(batch));
  }
  if (version != kVersion || !in.finished())
    return Error{Errc::corrupt_snapshot_part, "cannot read the rows a filter had gathered"};
  return {};
}

}  // namespace flow
