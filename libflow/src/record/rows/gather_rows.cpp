#include "rows/gather_rows.hpp"

#include "rows/gather.hpp"

#include "flow/base/check.hpp"

#include <limits>
#include <utility>

namespace flow {
namespace {

/// Several buffers in one slab, each aligned and with slack behind it. An allocation, and the
/// compare-and-swap of its release, cost as much as copying 30 rows.
class Carver {
 public:
  static constexpr std::size_t room(std::size_t bytes) noexcept {
    return (bytes + 63) / 64 * 64 + kBufferSlack;
  }
  Carver(SlabPool& pool, std::size_t bytes)
      : slab_{bytes == 0 ? Buffer{} : Buffer::allocate(pool, bytes)} {}
  Buffer carve(std::size_t bytes) noexcept {
    const auto at = std::exchange(at_, at_ + room(bytes));
    return slab_.slice(at, bytes);
  }

 private:
  Buffer slab_;
  std::size_t at_ = 0;
};

/// Bytes of a column's buffers, as far as they are known before its strings are measured.
std::size_t known_room(const Column& column, std::size_t rows) noexcept {
  if (column.encoding == Encoding::constant || column.type == types::null) return 0;
  std::size_t bytes = 0;
  if (gather::may_have_nulls(column)) bytes += Carver::room(gather::bitmap_bytes(rows));
  if (column.encoding == Encoding::dictionary) return bytes + Carver::room(rows * 4);
  if (is_variable(column.type)) return bytes + Carver::room((rows + 1) * 4);
  if (column.type == types::boolean) return bytes + Carver::room(gather::bitmap_bytes(rows));
  return bytes + Carver::room(rows * fixed_width(column.type));
}

/// Everything but the bytes of strings; their total length is offsets()[rows].
Column gather_known(const Column& column, gather::Rows rows, Carver& carver) {
  if (column.encoding == Encoding::constant) return column;
  Column out;
  out.type = column.type;
  if (column.type == types::null) {
    out.null_count = rows.count;
    return out;
  }
  if (gather::may_have_nulls(column)) {
    out.validity = carver.carve(gather::bitmap_bytes(rows.count));
    out.null_count = gather::validity(column, rows, out.validity.mutable_data(), 0);
    if (out.null_count == 0) {
      out.validity = Buffer{};
    } else {
      gather::close_tail(out.validity);
    }
  }
  if (column.encoding == Encoding::dictionary) {
    out.encoding = Encoding::dictionary;
    out.child = column.child;
    out.values = carver.carve(std::size_t{rows.count} * 4);
    gather::codes(column, rows, out.values.mutable_as<std::uint32_t>());
  } else if (is_variable(column.type)) {
    out.values = carver.carve((std::size_t{rows.count} + 1) * 4);
    auto* offsets = out.values.mutable_as<std::uint32_t>();
    offsets[0] = 0;
    const auto end = gather::offsets(column, rows, offsets);
    FLOW_CHECK(end <= std::numeric_limits<std::uint32_t>::max(),
               "more than 4 GiB of text in one column of a batch");
  } else if (column.type == types::boolean) {
    out.values = carver.carve(gather::bitmap_bytes(rows.count));
    gather::booleans(column, rows, out.values.mutable_data(), 0);
  } else {
    out.values = carver.carve(std::size_t{rows.count} * fixed_width(column.type));
    gather::fixed(column, rows, out.values.mutable_data());
  }
  gather::close_tail(out.values);
  return out;
}

bool has_bytes(const Column& column) noexcept {
  return column.encoding == Encoding::plain && is_variable(column.type);
}

}  // namespace

Batch gather_rows(const Batch& batch, std::span<const std::uint32_t> rows, SlabPool& pool) {
  const auto list = gather::Rows::of(rows);
  std::size_t known = batch.is_changelog() ? Carver::room(rows.size()) : 0;
  for (const auto& column : batch.columns()) known += known_room(column, rows.size());
  Carver carver{pool, known};
  std::vector<Column> columns;
  columns.reserve(batch.columns().size());
  std::size_t text = 0;
  for (const auto& column : batch.columns()) {
    const auto& out = columns.emplace_back(gather_known(column, list, carver));
    if (has_bytes(out)) text += Carver::room(out.offsets()[list.count]);
  }
  Carver text_carver{pool, text};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column& out = columns[i];
    if (!has_bytes(out)) continue;
    out.extra = text_carver.carve(out.offsets()[list.count]);
    gather::bytes(batch.column(i), list, out.offsets(), out.extra.mutable_data());
    gather::close_tail(out.extra);
  }

  Batch out{batch.schema(), list.count, std::move(columns)};
  out.set_time_bounds(batch.min_time(), batch.max_time());
  if (batch.is_changelog()) {
    Buffer kinds = carver.carve(rows.size());
    auto* to = kinds.mutable_data();
    const auto* from = batch.row_kinds().data();
    for (std::size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
    gather::close_tail(kinds);
    out.set_row_kinds(std::move(kinds));
  }
  return out;
}

}  // namespace flow
