#pragma once

#include "flow/operators/spec.hpp"
#include "flow/record/builder.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Writes rows as strings whose byte order is the order that `top` asks for: the `by` columns
/// (nulls last, or first where descending), then the remaining columns. The string holds the whole
/// row.
///
/// Owner: a top operator.   Thread: actor-confined.
class RowOrder {
 public:
  /// Precondition: the columns exist.
  RowOrder(const Schema& schema, const std::vector<OrderBy>& by);

  /// Appends the `by` columns; a row whose image is above another's comes behind it.
  void encode_rank(const Batch& batch, std::uint32_t row, std::string& out);
  /// Completes what encode_rank() wrote alone.
  void encode_rest(const Batch& batch, std::uint32_t row, std::string& out);
  /// The part that encode_rank() wrote.
  [[nodiscard]] std::string_view rank_of(std::string_view row) const;

  /// Builders for decode(), in an order of their own.
  [[nodiscard]] std::vector<ColumnBuilder> builders(SlabPool& pool) const;
  Status decode(std::string_view row, std::span<ColumnBuilder> columns) const;
  /// The finished columns in the schema's order.
  [[nodiscard]] std::vector<Column> finish(std::span<ColumnBuilder> columns) const;

 private:
  struct Part {
    std::uint32_t column = 0;
    bool descending = false;
  };
  std::vector<Part> by_;
  std::vector<std::uint32_t> rest_;
  std::vector<DataType> types_;  ///< Of by_, then rest_.
  std::vector<std::uint32_t> ends_;
};

}  // namespace flow
