#include "flow/record/builder.hpp"

#include "rows/gather.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace flow {
namespace {

constexpr std::uint32_t kMaxExtra = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kGuessedStringBytes = 16;
constexpr std::uint32_t kMaxExpectedExtra = 1u << 20;

std::uint32_t row_bytes_of(DataType type) noexcept {
  return is_variable(type) ? 4 : static_cast<std::uint32_t>(fixed_width(type));
}

}  // namespace

ColumnBuilder::ColumnBuilder(DataType type, SlabPool& pool, std::uint32_t reserve_rows)
    : type_{type},
      pool_{&pool},
      reserve_rows_{std::max<std::uint32_t>(reserve_rows, 1)},
      row_bytes_{row_bytes_of(type)},
      expected_extra_{kGuessedStringBytes * std::min(reserve_rows_, kTargetRows)} {}

std::size_t ColumnBuilder::value_bytes(std::size_t rows) const noexcept {
  if (type_ == types::boolean) return gather::bitmap_bytes(rows);
  if (is_variable(type_)) return (rows + 1) * 4;
  return rows * row_bytes_;
}

void ColumnBuilder::grow_rows(std::uint32_t more) {
  const std::uint64_t wanted = std::max<std::uint64_t>(
      {std::uint64_t{rows_} + more, std::uint64_t{capacity_} * 2, reserve_rows_});
  FLOW_CHECK(std::uint64_t{rows_} + more <= std::numeric_limits<std::int32_t>::max(),
             "too many rows in one column");
  if (type_ == types::null) {
    capacity_ = std::numeric_limits<std::int32_t>::max();
    return;
  }
  Buffer values = Buffer::allocate(*pool_, value_bytes(wanted));
  const auto used = value_bytes(rows_);
  auto* at = values.mutable_data();
  if (values_at_ != nullptr) {
    std::memcpy(at, values_at_, used);
  } else if (is_variable(type_)) {
    std::memset(at, 0, 4);
  }
  if (type_ == types::boolean) {
    const std::size_t kept = values_at_ == nullptr ? 0 : used;
    std::memset(at + kept, 0, value_bytes(wanted) - kept);
  }
  values_ = std::move(values);
  values_at_ = at;
  capacity_ = static_cast<std::uint32_t>(wanted);
  if (validity_at_ != nullptr) make_validity();
  if (is_variable(type_) && extra_at_ == nullptr) grow_extra(0);
}

void ColumnBuilder::grow_extra(std::size_t more) {
  const std::uint64_t needed = std::uint64_t{extra_size_} + more;
  FLOW_CHECK(needed <= kMaxExtra, "more than 4 GiB of text in one column of a batch");
  const auto wanted = std::min<std::uint64_t>(
      std::max<std::uint64_t>({needed, std::uint64_t{extra_capacity_} * 2, expected_extra_}),
      kMaxExtra);
  Buffer extra = Buffer::allocate(*pool_, wanted);
  if (extra_size_ != 0) std::memcpy(extra.mutable_data(), extra_at_, extra_size_);
  extra_ = std::move(extra);
  extra_at_ = extra_.mutable_data();
  extra_capacity_ =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(extra_.capacity(), kMaxExtra));
}

// Allocates validity for capacity_ rows, keeping what is there.
void ColumnBuilder::make_validity() {
  const auto size = gather::bitmap_bytes(capacity_);
  Buffer validity = Buffer::allocate(*pool_, size);
  auto* at = validity.mutable_data();
  const auto kept = validity_at_ == nullptr ? 0 : std::min(validity_.size(), size);
  if (kept != 0) std::memcpy(at, validity_at_, kept);
  std::memset(at + kept, 0xff, size - kept);
  validity_ = std::move(validity);
  validity_at_ = at;
}

void ColumnBuilder::append_null() {
  if (rows_ == capacity_) grow_rows(1);
  ++null_count_;
  if (type_ == types::null) {
    ++rows_;
    return;
  }
  if (validity_at_ == nullptr) make_validity();
  validity_at_[rows_ >> 3] &= ~static_cast<std::byte>(1u << (rows_ & 7));
  if (is_variable(type_)) {
    std::memcpy(values_at_ + (std::size_t{rows_} + 1) * 4, &extra_size_, 4);
  } else if (type_ != types::boolean) {
    std::memset(values_at_ + std::size_t{rows_} * row_bytes_, 0, row_bytes_);
  }
  ++rows_;
}

void ColumnBuilder::append(const Value& value) {
  std::visit(
      [&](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        const auto expect = [&](DataType type) {
          FLOW_CHECK(type_ == type, "a value of type " + std::string{to_string(type)} +
                                        " in a column of type " + std::string{to_string(type_)});
        };
        if constexpr (std::is_same_v<T, std::monostate>) {
          append_null();
        } else if constexpr (std::is_same_v<T, bool>) {
          expect(types::boolean);
          append_bool(held);
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
          expect(types::int32);
          append_int32(held);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          expect(types::int64);
          append_int64(held);
        } else if constexpr (std::is_same_v<T, double>) {
          expect(types::float64);
          append_float64(held);
        } else if constexpr (std::is_same_v<T, std::string>) {
          expect(types::string);
          append_view(held);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          expect(types::bytes);
          append_view(held.data);
        } else if constexpr (std::is_same_v<T, Date>) {
          expect(types::date);
          append_int32(held.days);
        } else {
          static_assert(std::is_same_v<T, EventTime>);
          expect(types::timestamp);
          append_int64(held.micros);
        }
      },
      value);
}

void ColumnBuilder::append_from(const Column& column, std::span<const std::uint32_t> rows) {
  const auto from = gather::Rows::of(rows);
  if (column.type == types::null) {
    for (std::uint32_t i = 0; i < from.count; ++i) append_null();
    return;
  }
  FLOW_CHECK(column.type == type_, "append_from needs a column of the same type");
  if (from.count == 0) return;
  if (capacity_ - rows_ < from.count) grow_rows(from.count);
  if (is_variable(type_)) {
    auto* at = reinterpret_cast<std::uint32_t*>(values_at_) + rows_;
    const auto end = gather::offsets(column, from, at);
    FLOW_CHECK(end <= kMaxExtra, "more than 4 GiB of text in one column of a batch");
    if (end > extra_capacity_) grow_extra(end - extra_size_);
    gather::bytes(column, from, at, extra_at_);
    extra_size_ = static_cast<std::uint32_t>(end);
  } else if (type_ == types::boolean) {
    // Clears only up to the end of a word behind the new rows, and those bits were zero.
    gather::booleans(column, from, values_at_, rows_);
  } else {
    gather::fixed(column, from, values_at_ + std::size_t{rows_} * row_bytes_);
  }
  if (gather::may_have_nulls(column)) {
    if (validity_at_ == nullptr) make_validity();
    null_count_ += gather::validity(column, from, validity_at_, rows_);
    // The bits behind the last row must be one again, as far as they were cleared.
    const auto end = rows_ + from.count;
    const auto word_end = std::min<std::size_t>((std::size_t{end} + 63) / 64 * 64,
                                                gather::bitmap_bytes(capacity_) * 8);
    for (std::size_t bit = end; bit < word_end; ++bit) {
      validity_at_[bit >> 3] |= static_cast<std::byte>(1u << (bit & 7));
    }
  }
  rows_ += from.count;
}

std::byte* ColumnBuilder::extend_fixed(std::uint32_t rows) {
  FLOW_CHECK(fixed_width(type_) != 0, "append_uninitialized needs a fixed-width type");
  if (capacity_ - rows_ < rows || values_at_ == nullptr) grow_rows(rows);
  auto* at = values_at_ + std::size_t{rows_} * row_bytes_;
  rows_ += rows;
  return at;
}

void ColumnBuilder::truncate(std::uint32_t rows) {
  if (rows >= rows_) return;
  if (type_ == types::null) null_count_ = rows;
  const bool has_bits = validity_at_ != nullptr || type_ == types::boolean;
  for (std::uint32_t row = rows; has_bits && row < rows_; ++row) {
    const auto bit = static_cast<std::byte>(1u << (row & 7));
    if (validity_at_ != nullptr && (validity_at_[row >> 3] & bit) == std::byte{0}) {
      validity_at_[row >> 3] |= bit;
      --null_count_;
    }
    if (type_ == types::boolean) values_at_[row >> 3] &= ~bit;
  }
  rows_ = rows;
  if (is_variable(type_)) std::memcpy(&extra_size_, values_at_ + std::size_t{rows} * 4, 4);
}

Column ColumnBuilder::finish() {
  Column column;
  column.type = type_;
  column.null_count = null_count_;
  if (type_ != types::null) {
    if (values_at_ == nullptr) grow_rows(0);
    values_.resize(value_bytes(rows_));
    gather::close_tail(values_);
    column.values = std::move(values_);
  }
  if (is_variable(type_)) {
    // The next batch is probably like this one; a single huge row must not cost for ever.
    expected_extra_ = std::clamp(std::min(extra_size_, kMaxExpectedExtra) / 8 * 9,
                                 kGuessedStringBytes, kMaxExpectedExtra);
    extra_.resize(extra_size_);
    gather::close_tail(extra_);
    column.extra = std::move(extra_);
  }
  if (null_count_ != 0 && type_ != types::null) {
    validity_.resize(gather::bitmap_bytes(rows_));
    gather::clear_bits_behind(validity_.mutable_data(), rows_);
    gather::close_tail(validity_);
    column.validity = std::move(validity_);
  }
  values_ = Buffer{};
  extra_ = Buffer{};
  validity_ = Buffer{};
  values_at_ = extra_at_ = validity_at_ = nullptr;
  rows_ = capacity_ = null_count_ = extra_size_ = extra_capacity_ = 0;
  return column;
}

BatchBuilder::BatchBuilder(SchemaPtr schema, SlabPool& pool, std::uint32_t reserve_rows)
    : schema_{std::move(schema)} {
  columns_.reserve(schema_->size());
  for (const auto& field : schema_->fields()) columns_.emplace_back(field.type, pool, reserve_rows);
}

std::uint64_t BatchBuilder::bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& column : columns_) bytes += column.bytes();
  return bytes;
}

void BatchBuilder::append_row(std::span<const Value> values) {
  FLOW_CHECK(values.size() == columns_.size(), "a row has one value per column");
  for (std::size_t i = 0; i < values.size(); ++i) columns_[i].append(values[i]);
  if (columns_.empty()) ++rows_without_columns_;
}

void BatchBuilder::truncate(std::uint32_t rows) {
  for (auto& column : columns_) column.truncate(rows);
  rows_without_columns_ = std::min(rows_without_columns_, rows);
}

Batch BatchBuilder::finish() {
  const auto count = rows();
  std::vector<Column> columns;
  columns.reserve(columns_.size());
  for (auto& column : columns_) {
    FLOW_CHECK(column.rows() == count, "the columns of a batch have the same number of rows");
    columns.push_back(column.finish());
  }
  rows_without_columns_ = 0;
  return Batch{schema_, count, std::move(columns)};
}

}  // namespace flow
