#include "row_expression.hpp"

namespace flow {

Result<RowExpression> RowExpression::bind(const ExpressionText& text, const StreamShape& input) {
  FLOW_ASSIGN(auto expression, Expression::compile(text, *input.schema, {input.name, {}}));
  return RowExpression{std::move(expression)};
}

Result<Column> RowExpression::evaluate(const Batch& batch, SlabPool& pool) const {
  if (const auto column = expression_.column_only()) return batch.column(*column);
  EvalContext context{pool};
  return expression_.evaluate(batch, context);
}

}  // namespace flow
