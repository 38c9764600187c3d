#pragma once

#include "flow/expr/expression.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/value.hpp"

#include <string>
#include <vector>

namespace flow::testing {

inline Value null_value() { return std::monostate{}; }

/// A batch of the given rows.
inline Batch make_rows(const SchemaPtr& schema, const std::vector<std::vector<Value>>& rows,
                       SlabPool& pool) {
  BatchBuilder builder{schema, pool, static_cast<std::uint32_t>(rows.size() + 1)};
  for (const auto& row : rows) builder.append_row(row);
  return builder.finish();
}

/// A selection of the given physical rows.
inline void select(Batch& batch, const std::vector<std::uint32_t>& rows, SlabPool& pool) {
  auto buffer = Buffer::allocate(pool, rows.size() * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < rows.size(); ++i) buffer.mutable_as<std::uint32_t>()[i] = rows[i];
  batch.set_selection(std::move(buffer), static_cast<std::uint32_t>(rows.size()));
}

/// Compiles and evaluates `text` over a batch, one value per selected row.
inline Result<std::vector<Value>> evaluate_text(const std::string& text, const Batch& batch,
                                                SlabPool& pool) {
  FLOW_ASSIGN(const auto expression, Expression::compile(ExpressionText{text}, *batch.schema()));
  EvalContext context{pool};
  FLOW_ASSIGN(const auto column, expression.evaluate(batch, context));
  std::vector<Value> values;
  batch.for_each_row([&](std::uint32_t row) { values.push_back(value_at(column, row)); });
  return values;
}

/// The value of a text without columns.
inline Result<Value> constant_of(const std::string& text) {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"nothing", types::int32}});
  const auto batch = make_rows(schema, {{Value{std::int32_t{1}}}}, *pool);
  FLOW_ASSIGN(auto values, evaluate_text(text, batch, *pool));
  return values.at(0);
}

/// What a constant text prints, `null`, or `E1121` for an error.
inline std::string shown(const std::string& text) {
  auto value = constant_of(text);
  if (!value) return to_string(value.error().code());
  if (std::holds_alternative<std::monostate>(*value)) return "null";
  return to_string(*value);
}

}  // namespace flow::testing
