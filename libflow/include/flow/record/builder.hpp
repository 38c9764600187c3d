#pragma once

#include "flow/record/batch.hpp"
#include "flow/record/short_copy.hpp"
#include "flow/record/value.hpp"

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

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
  /// Bytes finish() would hand over, validity not counted.
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return std::uint64_t{rows_} * row_bytes_ + extra_size_;
  }

  void append_null();
  void append_bool(bool value) {
    if (rows_ == capacity_) [[unlikely]]
      grow_rows(1);
    // Bits behind rows_ are zero.
    values_at_[rows_ >> 3] |= static_cast<std::byte>(static_cast<unsigned>(value) << (rows_ & 7));
    ++rows_;
  }
  /// int32 and date.
  void append_int32(std::int32_t value) { append_fixed(value); }
  /// int64 and timestamp.
  void append_int64(std::int64_t value) { append_fixed(value); }
  void append_float64(double value) { append_fixed(value); }
  /// string and bytes; the caller guarantees UTF-8 for string.
  void append_view(std::string_view value) {
    if (rows_ == capacity_) [[unlikely]]
      grow_rows(1);
    if (value.size() > std::size_t{extra_capacity_ - extra_size_}) [[unlikely]]
      grow_extra(value.size());
    copy_short(extra_at_ + extra_size_, value.data(), value.size());
    extra_size_ += static_cast<std::uint32_t>(value.size());
    ++rows_;
    std::memcpy(values_at_ + std::size_t{rows_} * 4, &extra_size_, 4);
  }
  /// Precondition: the value is null or of this column's type.
  void append(const Value& value);
  /// Appends rows of another column of the same type (or of type null), any encoding.
  void append_from(const Column& column, std::span<const std::uint32_t> rows);
  void append_from(const Column& column, std::uint32_t row) { append_from(column, {&row, 1}); }

  /// Uninitialised room for `rows` fixed-width values behind the present ones; they count as
  /// appended, valid.
  template <class T>
  T* append_uninitialized(std::uint32_t rows) {
    return reinterpret_cast<T*>(extend_fixed(rows));
  }

  /// Drops the rows behind `rows` (undo of a half-decoded row).
  void truncate(std::uint32_t rows);
  /// Returns the column and starts anew with fresh buffers.
  Column finish();

 private:
  template <class T>
  void append_fixed(T value) {
    if (rows_ == capacity_) [[unlikely]]
      grow_rows(1);
    std::memcpy(values_at_ + std::size_t{rows_} * sizeof(T), &value, sizeof(T));
    ++rows_;
  }
  std::byte* extend_fixed(std::uint32_t rows);
  void grow_rows(std::uint32_t more);
  void grow_extra(std::size_t more);
  void make_validity();
  [[nodiscard]] std::size_t value_bytes(std::size_t rows) const noexcept;

  DataType type_;
  SlabPool* pool_;
  std::uint32_t reserve_rows_;
  std::uint32_t row_bytes_;
  std::uint32_t rows_ = 0;
  std::uint32_t capacity_ = 0;  ///< Rows there is room for, in validity_ too if there is one.
  std::uint32_t null_count_ = 0;
  std::uint32_t extra_size_ = 0;
  std::uint32_t extra_capacity_ = 0;
  std::uint32_t expected_extra_;  ///< First size of the next extra_.
  std::byte* values_at_ = nullptr;
  std::byte* extra_at_ = nullptr;
  std::byte* validity_at_ =
      nullptr;  ///< Bits behind rows_ are one, so that valid rows need no write.
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
  /// All columns, e.g. for decode_key.
  [[nodiscard]] std::span<ColumnBuilder> columns() noexcept { return columns_; }
  [[nodiscard]] const SchemaPtr& schema() const noexcept { return schema_; }
  /// Rows of the first column; all columns agree when a row is complete.
  [[nodiscard]] std::uint32_t rows() const noexcept {
    return columns_.empty() ? rows_without_columns_ : columns_.front().rows();
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// True when kTargetRows or kTargetBytes is reached.
  [[nodiscard]] bool full() const noexcept {
    return rows() >= kTargetRows || bytes() >= kTargetBytes.value;
  }
  void append_row(std::span<const Value> values);
  void append_row(std::initializer_list<Value> values) {
    append_row(std::span<const Value>{values.begin(), values.size()});
  }
  void truncate(std::uint32_t rows);
  /// Precondition: all columns have the same number of rows. Starts anew.
  Batch finish();

 private:
  SchemaPtr schema_;
  std::vector<ColumnBuilder> columns_;
  std::uint32_t rows_without_columns_ = 0;
};

}  // namespace flow
