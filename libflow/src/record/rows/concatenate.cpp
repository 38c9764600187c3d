#include "rows/assemble.hpp"
#include "rows/gather.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace flow {

Batch concatenate(std::span<const Batch> batches, SlabPool& pool) {
  FLOW_CHECK(!batches.empty(), "concatenate needs at least one batch");
  if (batches.size() == 1) return compact(batches.front(), pool);
  const auto& first = batches.front();
  std::uint64_t rows = 0;
  bool changelog = false;
  EventTime min = EventTime::max();
  EventTime max = EventTime::min();
  bool times_known = true;
  for (const auto& batch : batches) {
    FLOW_CHECK(batch.schema() == first.schema() || *batch.schema() == *first.schema(),
               "concatenate needs batches of one schema");
    rows += batch.selected();
    changelog |= batch.is_changelog();
    if (batch.empty()) continue;
    times_known &= batch.min_time() <= batch.max_time();
    min = std::min(min, batch.min_time());
    max = std::max(max, batch.max_time());
  }
  FLOW_CHECK(rows <= std::numeric_limits<std::int32_t>::max(), "too many rows in one batch");
  const auto total = static_cast<std::uint32_t>(rows);
  const auto rows_of_part = [](const Batch& batch) {
    return batch.has_selection() ? gather::Rows::of(batch.selection())
                                 : gather::Rows::first(batch.rows());
  };

  std::vector<Column> columns;
  columns.reserve(first.columns().size());
  std::vector<ColumnPart> parts(batches.size());
  for (std::size_t c = 0; c < first.columns().size(); ++c) {
    const auto& model = first.column(c);
    bool same_constant = model.encoding == Encoding::constant;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      parts[b] = {&batches[b].column(c), rows_of_part(batches[b])};
      same_constant &= batches[b].column(c).encoding == Encoding::constant &&
                       batches[b].column(c).child == model.child;
    }
    columns.push_back(same_constant ? model : assemble(model.type, total, parts, pool));
  }
  Batch out{first.schema(), total, std::move(columns)};
  if (times_known) out.set_time_bounds(min, max);
  if (changelog) {
    Buffer kinds = Buffer::allocate(pool, total);
    auto* to = kinds.mutable_data();
    for (const auto& batch : batches) {
      const auto* from = batch.row_kinds().data();
      batch.for_each_row([&](std::uint32_t row) {
        *to++ = from == nullptr ? static_cast<std::byte>(RowKind::insert) : from[row];
      });
    }
    gather::close_tail(kinds);
    out.set_row_kinds(std::move(kinds));
  }
  return out;
}

}  // namespace flow
