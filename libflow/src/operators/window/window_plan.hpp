#pragma once

#include "accumulators.hpp"
#include "row_expression.hpp"
#include "window_math.hpp"

#include "flow/operators/spec.hpp"
#include "flow/record/schema.hpp"

#include <memory>
#include <vector>

namespace flow {

/// A windowed aggregation bound to its input: everything that is known before the first row.
///
/// Owner: shared by the operators made from it.   Thread: value (immutable).
struct WindowPlan {
  WindowMath math{Micros{1}, Micros{1}};
  Micros lateness{};
  std::uint32_t time_column = 0;
  std::int64_t time_offset = 0;
  bool time_is_event_time = false;  ///< The time column is the stream's: batches know their bounds.
  std::vector<RowExpression> keys;
  std::vector<RowExpression> arguments;
  std::vector<DataType> key_types;
  SchemaPtr input;
  SchemaPtr key_schema;
  SchemaPtr output;
  SchemaPtr partial;  ///< Keys, slice$, then Accumulators::partial_fields().
  std::unique_ptr<const Accumulators> accumulators;

  /// What stored state depends on: restoring refuses another one.
  [[nodiscard]] std::string fingerprint() const;
};

/// Binds `spec`; all that is wrong goes to `errors`, and then the result is null.
std::shared_ptr<const WindowPlan> plan_window(const WindowAggregateSpec& spec,
                                              const StreamShape& input, const SourcePlace& place,
                                              std::vector<Error>& errors);

}  // namespace flow
