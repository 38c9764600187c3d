#include "flow/record/batch.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace flow {
namespace {

template <class Visit>
void for_each_buffer(const Column& column, const Visit& visit) {
  visit(column.validity);
  visit(column.values);
  visit(column.extra);
  if (column.child != nullptr) for_each_buffer(*column.child, visit);
}

}  // namespace

Batch::Batch(SchemaPtr schema, std::uint32_t rows, std::vector<Column> columns)
    : schema_{std::move(schema)}, rows_{rows}, columns_{std::move(columns)} {
  FLOW_CHECK(schema_ != nullptr && schema_->size() == columns_.size(),
             "a batch has as many columns as its schema");
}

void Batch::set_selection(Buffer rows, std::uint32_t count) noexcept {
  selection_ = std::move(rows);
  selected_ = count;
  has_selection_ = true;
}

void Batch::clear_selection() noexcept {
  selection_ = Buffer{};
  selected_ = 0;
  has_selection_ = false;
}

Batch Batch::with_columns(SchemaPtr schema, std::vector<Column> columns) const {
  Batch out{std::move(schema), rows_, std::move(columns)};
  out.selected_ = selected_;
  out.has_selection_ = has_selection_;
  out.selection_ = selection_;
  out.row_kinds_ = row_kinds_;
  out.min_time_ = min_time_;
  out.max_time_ = max_time_;
  return out;
}

std::uint64_t Batch::byte_size() const noexcept {
  std::uint64_t bytes = row_kinds_.size();
  if (has_selection_) bytes += selection_.size();
  for (const auto& column : columns_) {
    for_each_buffer(column, [&](const Buffer& buffer) { bytes += buffer.size(); });
  }
  return bytes;
}

std::uint64_t Batch::retained_bytes() const noexcept {
  // A received batch has one slab, a built one a few per column: a small table finds repeats.
  std::array<const void*, 64> seen{};
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  const auto visit = [&](const Buffer& buffer) {
    const void* slab = buffer.slab_id();
    if (slab == nullptr) return;
    const auto end = seen.begin() + static_cast<std::ptrdiff_t>(std::min(count, seen.size()));
    if (std::find(seen.begin(), end, slab) != end) return;
    seen[count++ % seen.size()] =
        slab;  // Forgets the oldest: then counts too much, never too little.
    bytes += buffer.retained();
  };
  visit(row_kinds_);
  visit(selection_);
  for (const auto& column : columns_) for_each_buffer(column, visit);
  return bytes;
}

}  // namespace flow
