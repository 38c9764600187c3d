#include "flow/record/compact.hpp"

#include "rows/assemble.hpp"
#include "rows/gather.hpp"
#include "rows/gather_rows.hpp"

#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace flow {
namespace {

Column take_codes(const Column& column, gather::Rows rows, SlabPool& pool) {
  Column out;
  out.type = column.type;
  out.encoding = Encoding::dictionary;
  out.child = column.child;
  out.values = Buffer::allocate(pool, std::size_t{rows.count} * 4);
  auto* to = out.values.mutable_as<std::uint32_t>();
  gather::codes(column, rows, to);
  gather::close_tail(out.values);
  if (gather::may_have_nulls(column)) {
    out.validity = Buffer::allocate(pool, gather::bitmap_bytes(rows.count));
    out.null_count = gather::validity(column, rows, out.validity.mutable_data(), 0);
    if (out.null_count == 0) out.validity = Buffer{};
    if (out.null_count != 0) gather::close_tail(out.validity);
  }
  return out;
}

Column copy(const Column& column, std::uint32_t rows, SlabPool& pool) {
  const auto copy_buffer = [&](const Buffer& from) {
    if (from.data() == nullptr) return Buffer{};
    Buffer out = Buffer::allocate(pool, from.size());
    std::memcpy(out.mutable_data(), from.data(), from.size());
    gather::close_tail(out);
    return out;
  };
  Column out;
  out.type = column.type;
  out.encoding = column.encoding;
  out.null_count = column.null_count;
  out.validity = copy_buffer(column.validity);
  out.values = copy_buffer(column.values);
  out.extra = copy_buffer(column.extra);
  if (column.child != nullptr) {
    const auto child_rows = column.encoding == Encoding::constant ? 1 : rows;
    out.child = std::make_shared<const Column>(copy(*column.child, child_rows, pool));
  }
  return out;
}

/// Calls `visit(buffer)` for each buffer of the batch that lies in a slab.
template <class Visit>
void for_each_slab_user(const Column& column, const Visit& visit) {
  for (const auto* buffer : {&column.validity, &column.values, &column.extra}) {
    if (buffer->slab_id() != nullptr) visit(*buffer);
  }
  if (column.child != nullptr) for_each_slab_user(*column.child, visit);
}

/// Slabs are kept while at least half of what they hold is in use.
constexpr std::size_t kWorthKeeping = 2;
constexpr std::size_t kSmallSlab = 4096;

bool wastes_memory(const Batch& batch) {
  struct Use {
    const void* slab;
    std::size_t retained;
    std::size_t used;
  };
  std::vector<Use> uses;
  const auto visit = [&](const Buffer& buffer) {
    auto found = std::find_if(uses.begin(), uses.end(),
                              [&](const Use& use) { return use.slab == buffer.slab_id(); });
    if (found == uses.end()) {
      uses.push_back({buffer.slab_id(), buffer.retained(), buffer.size()});
    } else {
      found->used += buffer.size();
    }
  };
  for (const auto& column : batch.columns()) for_each_slab_user(column, visit);
  if (batch.row_kinds().slab_id() != nullptr) visit(batch.row_kinds());
  return std::any_of(uses.begin(), uses.end(), [](const Use& use) {
    return use.retained > kSmallSlab && use.retained > kWorthKeeping * use.used;
  });
}

}  // namespace

Column take(const Column& column, std::span<const std::uint32_t> rows, SlabPool& pool) {
  if (column.encoding == Encoding::constant) return column;
  const auto list = gather::Rows::of(rows);
  if (column.encoding == Encoding::dictionary) return take_codes(column, list, pool);
  const ColumnPart part{&column, list};
  return assemble(column.type, list.count, {&part, 1}, pool);
}

Column flatten(const Column& column, std::uint32_t rows, SlabPool& pool) {
  if (column.encoding == Encoding::plain) return column;
  const ColumnPart part{&column, gather::Rows::first(rows)};
  return assemble(column.type, rows, {&part, 1}, pool);
}

Batch compact(const Batch& batch, SlabPool& pool) {
  if (!batch.has_selection()) return batch;
  if (batch.selected() == batch.rows()) {
    Batch all = batch;
    all.clear_selection();
    return all;
  }
  return gather_rows(batch, batch.selection(), pool);
}

Batch detach(const Batch& batch, SlabPool& pool) {
  if (batch.has_selection() && batch.selected() != batch.rows()) {
    // Dictionaries and constants are shared even then, so look again.
    return detach(compact(batch, pool), pool);
  }
  Batch out = batch;
  out.clear_selection();
  if (!wastes_memory(out)) return out;
  for (auto& column : out.mutable_columns()) column = copy(column, out.rows(), pool);
  if (!out.row_kinds().empty()) {
    Buffer kinds = Buffer::allocate(pool, out.row_kinds().size());
    std::memcpy(kinds.mutable_data(), out.row_kinds().data(), kinds.size());
    gather::close_tail(kinds);
    out.set_row_kinds(std::move(kinds));
  }
  return out;
}

bool is_worth_detaching(const Batch& batch, std::uint64_t retained) {
  return retained > 2 * batch.byte_size() + (16_KiB).value;
}

Column constant_column(DataType type, const Value& value, SlabPool& pool) {
  ColumnBuilder builder{type, pool, 1};
  builder.append(value);
  Column child = builder.finish();
  Column out;
  out.type = type;
  out.encoding = Encoding::constant;
  out.child = std::make_shared<const Column>(std::move(child));
  return out;
}

}  // namespace flow
