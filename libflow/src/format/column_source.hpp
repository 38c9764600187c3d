#pragma once

#include "flow/record/batch.hpp"

namespace flow {

/// Where an encoder finds the values of one column, whatever its encoding.
///
/// Owner: value, for one batch.   Thread: actor-confined.
class ColumnSource {
 public:
  explicit ColumnSource(const Column& column)
      : column_{&column},
        values_{column.encoding == Encoding::plain ? &column : column.child.get()} {
    constant_ = column.encoding == Encoding::constant;
    if (column.encoding == Encoding::dictionary) codes_ = column.data<std::uint32_t>();
    always_null_ = column.type == types::null ||
                   (constant_ && (values_->type == types::null || !values_->is_valid(0)));
  }

  [[nodiscard]] const Column& values() const noexcept { return *values_; }
  [[nodiscard]] bool is_constant() const noexcept { return constant_; }
  [[nodiscard]] bool is_null(std::uint32_t row) const noexcept {
    return always_null_ || (!constant_ && !column_->is_valid(row));
  }
  /// The row of values() that holds the value of `row`.
  [[nodiscard]] std::uint32_t index(std::uint32_t row) const noexcept {
    if (codes_ != nullptr) return codes_[row];
    return constant_ ? 0 : row;
  }

 private:
  const Column* column_;
  const Column* values_;
  const std::uint32_t* codes_ = nullptr;
  bool constant_ = false;
  bool always_null_ = false;
};

}  // namespace flow
