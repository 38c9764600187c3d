#include "flow/record/compact.hpp"

#include "gather.hpp"

#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace flow {
namespace {

/// A new plain column from the rows of several columns of one type.
class Assembler {
 public:
  Assembler(DataType type, std::uint32_t rows, SlabPool& pool) : rows_{rows}, pool_{&pool} {
    column_.type = type;
  }

  /// Parts must be the same objects, in the same order, for both passes.
  struct Part {
    const Column* column;
    gather::Rows rows;
  };

  Column assemble(std::span<const Part> parts) && {
    const auto type = column_.type;
    if (type == types::null) {
      column_.null_count = rows_;
      return std::move(column_);
    }
    assemble_validity(parts);
    if (is_variable(type)) {
      assemble_strings(parts);
    } else if (type == types::boolean) {
      column_.values = Buffer::allocate(*pool_, gather::bitmap_bytes(rows_));
      std::size_t at = 0;
      for (const auto& part : parts) {
        gather::booleans(*part.column, part.rows, column_.values.mutable_data(), at);
        at += part.rows.count;
      }
    } else {
      const auto width = fixed_width(type);
      column_.values = Buffer::allocate(*pool_, std::size_t{rows_} * width);
      std::byte* to = column_.values.mutable_data();
      for (const auto& part : parts) {
        gather::fixed(*part.column, part.rows, to);
        to += std::size_t{part.rows.count} * width;
      }
    }
    gather::close_tail(column_.values);
    return std::move(column_);
  }

 private:
  void assemble_validity(std::span<const Part> parts) {
    const auto has_nulls = [](const Part& part) { return gather::may_have_nulls(*part.column); };
    if (std::none_of(parts.begin(), parts.end(), has_nulls)) return;
    column_.validity = Buffer::allocate(*pool_, gather::bitmap_bytes(rows_));
    std::size_t at = 0;
    for (const auto& part : parts) {
      column_.null_count +=
          gather::validity(*part.column, part.rows, column_.validity.mutable_data(), at);
      at += part.rows.count;
    }
    if (column_.null_count == 0) {
      column_.validity = Buffer{};
    } else {
      gather::close_tail(column_.validity);
    }
  }

  void assemble_strings(std::span<const Part> parts) {
    column_.values = Buffer::allocate(*pool_, (std::size_t{rows_} + 1) * 4);
    auto* first = column_.values.mutable_as<std::uint32_t>();
    first[0] = 0;
    std::uint64_t total = 0;
    auto* offsets = first;
    for (const auto& part : parts) {
      total = gather::offsets(*part.column, part.rows, offsets);
      offsets += part.rows.count;
      FLOW_CHECK(total <= std::numeric_limits<std::uint32_t>::max(),
                 "more than 4 GiB of text in one column of a batch");
    }
    column_.extra = Buffer::allocate(*pool_, total);
    offsets = first;
    for (const auto& part : parts) {
      gather::bytes(*part.column, part.rows, offsets, column_.extra.mutable_data());
      offsets += part.rows.count;
    }
    gather::close_tail(column_.extra);
  }

  Column column_;
  std::uint32_t rows_;
  SlabPool* pool_;
};

Column take_codes(const Column& column, gather::Rows rows, SlabPool& pool) {
  Column out;
  out.type = column.type;
  out.encoding = Encoding::dictionary;
  out.child = column.child;
  out.values = Buffer::allocate(pool, std::size_t{rows.count} * 4);
  auto* to = out.values.mutable_as<std::uint32_t>();
  const auto* from = column.data<std::uint32_t>();
  for (std::uint32_t i = 0; i < rows.count; ++i) to[i] = from[rows.list[i]];
  gather::close_tail(out.values);
  if (gather::may_have_nulls(column)) {
    out.validity = Buffer::allocate(pool, gather::bitmap_bytes(rows.count));
    out.null_count = gather::validity(column, rows, out.validity.mutable_data(), 0);
    if (out.null_count == 0) out.validity = Buffer{};
    if (out.null_count != 0) gather::close_tail(out.validity);
  }
  return out;
}

Buffer take_kinds(const Buffer& kinds, std::span<const std::uint32_t> rows, SlabPool& pool) {
  if (kinds.empty()) return {};
  Buffer out = Buffer::allocate(pool, rows.size());
  auto* to = out.mutable_data();
  const auto* from = kinds.data();
  for (std::size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
  gather::close_tail(out);
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
  const Assembler::Part part{&column, list};
  return Assembler{column.type, list.count, pool}.assemble({&part, 1});
}

Column flatten(const Column& column, std::uint32_t rows, SlabPool& pool) {
  if (column.encoding == Encoding::plain) return column;
  const Assembler::Part part{&column, gather::Rows::first(rows)};
  return Assembler{column.type, rows, pool}.assemble({&part, 1});
}

Batch compact(const Batch& batch, SlabPool& pool) {
  if (!batch.has_selection()) return batch;
  if (batch.selected() == batch.rows()) {
    Batch all = batch;
    all.clear_selection();
    return all;
  }
  const auto rows = batch.selection();
  std::vector<Column> columns;
  columns.reserve(batch.columns().size());
  for (const auto& column : batch.columns()) columns.push_back(take(column, rows, pool));
  Batch out{batch.schema(), batch.selected(), std::move(columns)};
  out.set_row_kinds(take_kinds(batch.row_kinds(), rows, pool));
  out.set_time_bounds(batch.min_time(), batch.max_time());
  return out;
}

std::vector<Batch> partition(const Batch& batch, std::span<const std::uint16_t> destination,
                             std::uint32_t count, SlabPool& pool) {
  FLOW_CHECK(destination.size() == batch.selected(), "one destination per selected row");
  // Counting sort into row lists; two histograms, because neighbours often have the same target and
  // one counter would be a chain of dependent additions.
  std::vector<std::uint32_t> counters(std::size_t{2} * count, 0);
  std::uint32_t* even = counters.data();
  std::uint32_t* odd = even + count;
  std::size_t i = 0;
  for (; i + 2 <= destination.size(); i += 2) {
    ++even[destination[i]];
    ++odd[destination[i + 1]];
  }
  if (i < destination.size()) ++even[destination[i]];
  std::vector<std::uint32_t> ends(count);
  std::uint32_t total = 0;
  for (std::uint32_t target = 0; target < count; ++target) {
    ends[target] = total;
    total += even[target] + odd[target];
  }
  const Buffer sorted = [&] {
    Buffer out = Buffer::allocate(pool, std::size_t{total} * 4);
    auto* rows = out.mutable_as<std::uint32_t>();
    if (batch.has_selection()) {
      const auto selection = batch.selection();
      for (std::size_t at = 0; at < destination.size(); ++at) {
        rows[ends[destination[at]]++] = selection[at];
      }
    } else {
      for (std::uint32_t at = 0; at < total; ++at) rows[ends[destination[at]]++] = at;
    }
    return out;
  }();

  std::vector<Batch> out;
  out.reserve(count);
  const auto* rows = reinterpret_cast<const std::uint32_t*>(sorted.data());
  std::uint32_t first = 0;
  for (std::uint32_t target = 0; target < count; ++target) {
    const std::span<const std::uint32_t> list{rows + first, ends[target] - first};
    first = ends[target];
    if (list.size() == batch.rows()) {
      // Everything goes to one target: share.
      out.push_back(batch);
      out.back().clear_selection();
      continue;
    }
    std::vector<Column> columns;
    columns.reserve(batch.columns().size());
    for (const auto& column : batch.columns()) columns.push_back(take(column, list, pool));
    Batch& part = out.emplace_back(batch.schema(), static_cast<std::uint32_t>(list.size()),
                                   std::move(columns));
    part.set_row_kinds(take_kinds(batch.row_kinds(), list, pool));
    if (!list.empty()) part.set_time_bounds(batch.min_time(), batch.max_time());
  }
  return out;
}

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
  std::vector<Assembler::Part> parts(batches.size());
  for (std::size_t c = 0; c < first.columns().size(); ++c) {
    const auto& model = first.column(c);
    bool same_constant = model.encoding == Encoding::constant;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      parts[b] = {&batches[b].column(c), rows_of_part(batches[b])};
      same_constant &= batches[b].column(c).encoding == Encoding::constant &&
                       batches[b].column(c).child == model.child;
    }
    columns.push_back(same_constant ? model : Assembler{model.type, total, pool}.assemble(parts));
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
