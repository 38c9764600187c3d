#pragma once

#include "flow/base/clock.hpp"
#include "flow/connector/options.hpp"
#include "flow/record/batch.hpp"
#include "flow/record/schema.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace flow::generator {

/// Some rows of an endless table: first, first + stride, … `due` is when each was due on the wall
/// clock.
struct RowRange {
  std::uint64_t first = 0;
  std::uint64_t stride = 1;
  std::uint32_t count = 0;
  EventTime due;              ///< Of the first row.
  double micros_per_row = 0;  ///< Between two rows of the table; 0 if not paced.
};

/// Makes the values of one column, each from its row number alone: any range can be made again.
///
/// Thread: value.
class ColumnGenerator {
 public:
  virtual ~ColumnGenerator() = default;
  [[nodiscard]] virtual Column generate(const RowRange& rows, SlabPool& pool) const = 0;
};

/// Makes the generator that `options` (those of one column, without prefix) describe.
/// `default_kind`: what it is without `kind`. Errors: missing_option, bad_option, unknown_option.
Result<std::shared_ptr<const ColumnGenerator>> make_column(const Field& field, Options options,
                                                           std::string_view default_kind,
                                                           std::uint64_t seed);

/// The options of a column, for `flowctl connectors`.
std::vector<OptionEntry> column_options(bool random);

}  // namespace flow::generator
