#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flow/record/batch.hpp"
#include "flow/record/value.hpp"

namespace flow {

/// Appends values to one plain column; grows by doubling within the pool's slabs.
///
/// The typed appends do not check the type: callers bind once per column (decoders, aggregates).
///
/// Owner: a BatchBuilder or a kernel.   Thread: actor-confined.
class ColumnBuilder {
 public:
  ColumnBuilder(DataType type, SlabPool& pool, std::uint32_t reserve_rows = kTargetRows);

  [[nodiscard]] DataType type() const noexcept { return type_; }
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  void append_null();
  void append_bool(bool value);
  void append_int32(std::int32_t value);
  void append_int64(std::int64_t value);
  void append_float64(double value);
  /// string and bytes; the caller guarantees UTF-8 for string.
  void append_view(std::string_view value);
  void append(const Value& value);
  /// Appends rows of another column of the same type, any encoding.
  void append_from(const Column& column, std::span<const std::uint32_t> rows);
  void append_from(const Column& column, std::uint32_t row);

  /// Uninitialised room for `rows` fixed-width values behind the present ones; they count as appended, valid.
  template <class T>
  T* append_uninitialized(std::uint32_t rows) {
    return reinterpret_cast<T*>(extend_fixed(rows));
  }

  /// Drops the rows behind `rows` (undo of a half-decoded row).
  void truncate(std::uint32_t rows);
  /// Returns the column and starts anew with fresh buffers.
  Column finish();

 private:
  std::byte* extend_fixed(std::uint32_t rows);
  void reserve_values(std::size_t bytes);
  void reserve_extra(std::size_t bytes);
  void set_validity(std::uint32_t row, bool valid);

  DataType type_;
  SlabPool* pool_;
  std::uint32_t reserve_rows_;
  std::uint32_t rows_ = 0;
  std::uint32_t null_count_ = 0;
  Buffer values_;
  Buffer extra_;
  Buffer validity_;
};

/// Builds a batch row by row or column by column.
///
/// Owner: a decoder, an operator.   Thread: actor-confined.
class BatchBuilder {
 public:
  BatchBuilder(SchemaPtr schema, SlabPool& pool, std::uint32_t reserve_rows = kTargetRows);

  [[nodiscard]] ColumnBuilder& column(std::size_t index) { return columns_[index]; }
  [[nodiscard]] const SchemaPtr& schema() const noexcept { return schema_; }
  /// Rows of the first column; all columns agree when a row is complete.
  [[nodiscard]] std::uint32_t rows() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// True when kTargetRows or kTargetBytes is reached.
  [[nodiscard]] bool full() const noexcept;
  void append_row(std::span<const Value> values);
  void append_row(std::initializer_list<Value> values) {
    append_row(std::span<const Value>{values.begin(), values.size()});
  }
  void truncate(std::uint32_t rows);
  /// Precondition: all columns have the same number of rows. Starts anew.
  Batch finish();

 private:
  SchemaPtr schema_;
  SlabPool* pool_;
  std::vector<ColumnBuilder> columns_;
};

}  // namespace flow
