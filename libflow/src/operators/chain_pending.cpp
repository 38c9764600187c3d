#include "chain_node.hpp"
#include "waiting_rows.hpp"

#include <algorithm>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;

Error corrupt(std::string what) {
  return Error{Errc::corrupt_snapshot_part, "cannot read what waited in a chain"}.with_cause(
      std::move(what));
}

// --- One subtask's part.

struct Part {
  explicit Part(std::uint32_t inputs) : pending{inputs} {}
  PartOrigin origin;
  ChainPending pending;
};

Result<Part> decode_part(std::string_view bytes, std::uint32_t inputs, SlabPool& pool) {
  ByteReader in{bytes};
  if (in.get<std::uint8_t>() != kVersion) return corrupt("unknown version");
  Part part{inputs};
  auto& pending = part.pending;
  part.origin = PartOrigin::get(in);
  pending.call = in.get<ChainCall>();
  pending.call_time.micros = in.get<std::int64_t>();
  pending.handled.micros = in.get<std::int64_t>();
  pending.flush_due = in.get_bool();
  pending.idle_told = in.get_bool();
  pending.ended = in.get_bool();
  FLOW_TRY(pending.inputs.restore(in.get_string()));
  for (auto left = in.get_count(13); left > 0; --left) {
    ChainElement element;
    element.kind = in.get<ChainElement::Kind>();
    element.input = in.get<std::uint32_t>();
    element.watermark.micros = in.get<std::int64_t>();
    if (element.kind == ChainElement::Kind::batch) {
      FLOW_ASSIGN(element.batch, get_batch(in, pool));
    }
    if (element.kind > ChainElement::Kind::end || element.input >= inputs) in.fail();
    pending.queue.push(std::move(element));
  }
  if (pending.call > ChainCall::outside || !in.finished())
    return corrupt("the bytes make no sense");
  return part;
}

// --- Parts of other subtasks.

/// The rows of a waiting batch that this subtask owns.
Result<Batch> owned_rows(const ChainElement& element, const PartOrigin& origin,
                         const OperatorContext& context, Operator& op) {
  std::vector<KeyGroup> groups;
  FLOW_ASSIGN(const auto keyed, op.key_groups(element.input, element.batch, groups));
  if (!keyed) {
    return origin.falls_to(context) ? element.batch : Batch{};
  }
  auto rows = Buffer::allocate(context.pool, groups.size() * sizeof(std::uint32_t));
  auto* out = rows.mutable_as<std::uint32_t>();
  std::uint32_t count = 0;
  std::size_t at = 0;
  element.batch.for_each_row([&](std::uint32_t row) {
    if (context.owned.contains(groups[at++])) out[count++] = row;
  });
  rows.resize(count * sizeof(std::uint32_t));
  auto mine = element.batch;
  mine.set_selection(std::move(rows), count);
  return mine;
}

/// Merges the parts: every waiting row to its owner, watermarks to the minimum, and the inputs
/// start anew. Waiting watermarks are dropped: the operators before say theirs again, behind the
/// waiting rows.
Status merge(std::vector<Part>& parts, const OperatorContext& context, Operator& op,
             ChainPending& pending) {
  auto combined = EventTime::max();
  pending.handled = EventTime::max();
  pending.idle_told = true;
  pending.ended = true;
  for (auto& part : parts) {
    const auto& theirs = part.pending;
    combined = std::min(combined, theirs.inputs.watermark());
    pending.handled = std::min(pending.handled, theirs.handled);
    pending.idle_told = pending.idle_told && theirs.idle_told;
    pending.ended = pending.ended && theirs.ended;
    pending.flush_due = pending.flush_due || theirs.flush_due;
    // What the interrupted call led to is due again by itself: the watermark is ahead of the
    // handled one.
    if (theirs.call != ChainCall::none) pending.call = ChainCall::batch;
    for (const auto& element : theirs.queue) {
      if (element.kind != ChainElement::Kind::batch) continue;
      FLOW_ASSIGN(auto mine, owned_rows(element, part.origin, context, op));
      if (mine.empty()) continue;
      pending.queue.push({ChainElement::Kind::batch, element.input, {}, std::move(mine)});
    }
  }
  pending.inputs.raise_floor(combined);
  return {};
}

}  // namespace

std::string encode_pending(const ChainPending& pending, const OperatorContext& context) {
  ByteWriter out;
  out.put(kVersion);
  PartOrigin::of(context).put(out);
  out.put(pending.call);
  out.put(pending.call_time.micros);
  out.put(pending.handled.micros);
  out.put(static_cast<std::uint8_t>(pending.flush_due));
  out.put(static_cast<std::uint8_t>(pending.idle_told));
  out.put(static_cast<std::uint8_t>(pending.ended));
  out.put_string(pending.inputs.encode());
  out.put(static_cast<std::uint32_t>(pending.queue.size()));
  for (const auto& element : pending.queue) {
    out.put(element.kind);
    out.put(element.input);
    out.put(element.watermark.micros);
    if (element.kind != ChainElement::Kind::batch) continue;
    put_batch(out, element.batch, context.pool);
  }
  return out.take();
}

Result<RestoredAs> restore_pending(const std::vector<std::string>& blobs,
                                   const OperatorContext& context, Operator& op,
                                   ChainPending& pending) {
  if (blobs.empty()) return RestoredAs::fresh;
  std::vector<Part> parts;
  for (const auto& blob : blobs) {
    FLOW_ASSIGN(auto part, decode_part(blob, pending.inputs.channels(), context.pool));
    parts.push_back(std::move(part));
  }
  if (parts.size() == 1 && parts.front().origin.is_here(context)) {
    pending = std::move(parts.front().pending);
    return RestoredAs::same;
  }
  FLOW_TRY(merge(parts, context, op, pending));
  return RestoredAs::rescaled;
}

}  // namespace flow
