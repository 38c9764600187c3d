#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"
#include "flow/expr/expression_text.hpp"
#include "flow/operators/operator.hpp"
#include "flow/operators/partner.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flow {

struct NamedExpression {
  std::string name;
  ExpressionText expression;
};

// What each step does, as plain data: what YAML, C++ and later SQL produce, what a plan stores, and
// what make_operator() turns into an operator. One struct per verb.

struct FilterSpec {
  ExpressionText condition;
};
/// `select` and, with keep_input, `with`.
struct ProjectSpec {
  std::vector<NamedExpression>
      columns;  ///< Output order; `with` replaces columns of the same name in place.
  bool keep_input = false;
};
struct DropSpec {
  std::vector<std::string> columns;
};
struct RenameSpec {
  std::vector<std::pair<std::string, std::string>> names;  ///< (old, new).
};
/// All inputs have equal schemas.
struct UnionSpec {};

struct TumblingWindow {
  Micros size{};
};
struct HoppingWindow {
  Micros size{};
  Micros slide{};
};
using WindowSpec = std::variant<TumblingWindow, HoppingWindow>;

/// `column: sum(x)`; the function's name and at most one argument; count() has none.
struct AggregateSpec {
  std::string name;      ///< Output column.
  std::string function;  ///< count | sum | min | max | avg.
  std::optional<ExpressionText> argument;
  SourcePlace place;
};
/// Keyed, windowed aggregation. Output: key columns, window_start, window_end, aggregates.
/// Port 0: results; port 1: late rows (input schema).
struct WindowAggregateSpec {
  std::vector<NamedExpression> keys;  ///< Empty: one group.
  WindowSpec window;
  std::string time_column;  ///< Event-time column of the input.
  std::vector<AggregateSpec> aggregates;
  Micros lateness{};  ///< Rows up to this much behind a window's end still count; results come
                      ///< once, at end + lateness.
};
/// Best n rows per group of `per` columns, ordered; ties by the remaining columns in order. The
/// groups are complete when the watermark has passed `per`'s window_end column.
struct OrderBy {
  std::string column;
  bool descending = false;
};
struct TopSpec {
  std::uint64_t n = 1;
  std::vector<OrderBy> by;
  std::vector<std::string> per;
  SourcePlace place;
};

/// Every batch goes to a partner outside the chain (an actor), and its answer takes the batch's
/// place.
struct ThroughSpec {
  std::shared_ptr<const PartnerFactory> partner;
  std::vector<Field> output;   ///< Columns of the answers; empty: those of the input.
  std::uint32_t requests = 8;  ///< Batches out at once, answers that cannot go on included; ≥ 1.
  ByteCount bytes = 8_MiB;     ///< The same in bytes; one batch of any size is always let out.
  Micros timeout{60'000'000};  ///< Longest time to wait for an answer; > 0.
};

using OperatorSpec = std::variant<FilterSpec, ProjectSpec, DropSpec, RenameSpec, UnionSpec,
                                  WindowAggregateSpec, TopSpec, ThroughSpec>;

/// What is known of a stream before it runs.
struct StreamShape {
  SchemaPtr schema;
  std::optional<std::string> time_column;  ///< Event-time column; none = no event time.
  /// A row's event time is its time column plus this: −1 µs where the column is a window_end, so
  /// that the results of [9:00, 10:00) belong to the day, and to any larger window, that ends at
  /// 10:00.
  Micros time_offset{};
  bool has_watermark = false;
  bool changelog = false;
  /// The node or side output it comes from: for messages, and as a qualifier (`flights.delay`).
  /// shape_of() leaves it as it is; the graph names what its nodes give.
  std::string name{};

  /// `columns of 'flights': date, origin      did you mean 'date'?` and where it is missing.
  [[nodiscard]] Error no_column(const std::string& column, const SourcePlace& place) const;
};

/// Checks `spec` against its inputs and tells the shape of each output port. All errors, not only
/// the first.
struct ShapeResult {
  std::vector<StreamShape> ports;
  std::vector<Error> errors;
};
ShapeResult shape_of(const OperatorSpec& spec, const std::vector<StreamShape>& inputs,
                     const SourcePlace& place);

/// Expressions and columns that key the exchange in front of this operator; nullopt: forward is
/// fine.
std::optional<std::vector<NamedExpression>> partition_keys(const OperatorSpec& spec);

/// Makes the operator, or its part: windowed aggregation runs as local (before the exchange,
/// partial accumulators) and global (after it).
enum class Phase : std::uint8_t { single, local, global };
Result<std::unique_ptr<Operator>> make_operator(const OperatorSpec& spec,
                                                const std::vector<StreamShape>& inputs,
                                                Phase phase = Phase::single);
/// Shape between local and global phase; nullopt if the spec has no two-phase form.
std::optional<StreamShape> partial_shape(const OperatorSpec& spec, const StreamShape& input);

}  // namespace flow
