#pragma once

#include "flow/base/units.hpp"
#include "flow/record/column.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace flow {

/// What a row of a changelog means. On the wire and in snapshots: never renumber.
enum class RowKind : std::uint8_t { insert = 0, update_before = 1, update_after = 2, remove = 3 };

/// Target size of a batch: whichever is reached first.
inline constexpr std::uint32_t kTargetRows = 4096;
inline constexpr ByteCount kTargetBytes = 256_KiB;
/// Hard limits of a batch that was received: more is corrupt.
inline constexpr std::uint32_t kMaxRows = 1u << 20;
inline constexpr ByteCount kMaxRowBytes = 64_MiB;

/// The unit that flows: columns of equal length, a selection of rows, optional row kinds.
///
/// `rows()` counts the physical rows of each column; `selected()` the rows that exist logically.
/// A selection holds ascending row numbers (u32); no selection means all rows. Operators that drop
/// rows only set the selection. Whoever needs dense columns compacts (record/compact.hpp). The
/// event-time bounds cover at least the selected rows; min > max means unknown.
///
/// Owner: one operator or actor at a time, moved.   Thread: value, immutable once published.
class Batch {
 public:
  Batch() = default;
  Batch(SchemaPtr schema, std::uint32_t rows, std::vector<Column> columns);

  [[nodiscard]] const SchemaPtr& schema() const noexcept { return schema_; }
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint32_t selected() const noexcept {
    return has_selection_ ? selected_ : rows_;
  }
  [[nodiscard]] bool empty() const noexcept { return selected() == 0; }
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  [[nodiscard]] const Column& column(std::size_t index) const { return columns_[index]; }
  [[nodiscard]] std::vector<Column>& mutable_columns() noexcept { return columns_; }

  [[nodiscard]] bool has_selection() const noexcept { return has_selection_; }
  /// The selected rows, ascending; only if has_selection().
  [[nodiscard]] std::span<const std::uint32_t> selection() const noexcept {
    return {reinterpret_cast<const std::uint32_t*>(selection_.data()), selected_};
  }
  /// `rows` holds `count` ascending u32 row numbers < rows().
  void set_selection(Buffer rows, std::uint32_t count) noexcept;
  void clear_selection() noexcept;

  [[nodiscard]] bool is_changelog() const noexcept { return !row_kinds_.empty(); }
  /// One RowKind byte per physical row; empty = all insert.
  [[nodiscard]] const Buffer& row_kinds() const noexcept { return row_kinds_; }
  void set_row_kinds(Buffer kinds) noexcept { row_kinds_ = std::move(kinds); }

  [[nodiscard]] EventTime min_time() const noexcept { return min_time_; }
  [[nodiscard]] EventTime max_time() const noexcept { return max_time_; }
  void set_time_bounds(EventTime min, EventTime max) noexcept {
    min_time_ = min;
    max_time_ = max;
  }

  /// Same rows under another schema with the same number of columns (rename) or other columns.
  [[nodiscard]] Batch with_columns(SchemaPtr schema, std::vector<Column> columns) const;

  /// Bytes in the buffers' used ranges, shared or not: what credit counts.
  [[nodiscard]] std::uint64_t byte_size() const noexcept;
  /// Bytes of the slabs this batch keeps alive: what memory accounting counts.
  [[nodiscard]] std::uint64_t retained_bytes() const noexcept;

  /// Calls `body(row)` for each selected physical row, ascending.
  template <class Body>
  void for_each_row(Body&& body) const {
    if (has_selection_) {
      for (const auto row : selection()) body(row);
    } else {
      for (std::uint32_t row = 0; row < rows_; ++row) body(row);
    }
  }

 private:
  SchemaPtr schema_;
  std::uint32_t rows_ = 0;
  std::uint32_t selected_ = 0;
  bool has_selection_ = false;
  std::vector<Column> columns_;
  Buffer selection_;
  Buffer row_kinds_;
  EventTime min_time_ = EventTime::max();
  EventTime max_time_ = EventTime::min();
};

}  // namespace flow
