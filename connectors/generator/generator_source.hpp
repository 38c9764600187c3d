#pragma once

#include "column_generator.hpp"

#include "flow/connector/source.hpp"

#include <optional>
#include <vector>

namespace flow::generator {

/// The rows 0, 1, 2 … of a table whose values follow from the row number.
///
/// The table is dealt out to as many splits as there are subtasks, in blocks of 4,096 rows, or row
/// by row if it is paced (so that no split lags behind the clock by more than a row). A position is
/// the number of rows a split has given.
///
/// Thread: value.   Guarantee: exact positions.
class GeneratorSource final : public Source {
 public:
  struct Plan {
    SchemaPtr schema;
    std::vector<std::shared_ptr<const ColumnGenerator>> columns;
    std::optional<std::uint64_t> count;  ///< Rows; none = for ever.
    double rate = 0;  ///< Rows per second over all splits; 0 = as fast as possible.
  };
  explicit GeneratorSource(Plan plan) : plan_{std::move(plan)} {}

  [[nodiscard]] const SchemaPtr& schema() const override { return plan_.schema; }
  [[nodiscard]] bool bounded() const override { return plan_.count.has_value(); }
  [[nodiscard]] SplitOrder split_order() const override { return SplitOrder::independent; }
  Result<std::vector<Split>> enumerate(FileSystem& files, std::uint32_t parallelism) const override;
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& context) const override;
  [[nodiscard]] std::shared_ptr<const Source> project(
      const std::vector<std::uint32_t>& columns) const override;

 private:
  Plan plan_;
};

}  // namespace flow::generator
