#pragma once

#include "flow/expr/expression.hpp"
#include "flow/operators/spec.hpp"

#include <cstdint>

namespace flow {

/// A key or an aggregate's argument, bound to the input; a bare column costs nothing.
///
/// Owner: a window plan.   Thread: value.   Errors: those of expressions.
class RowExpression {
 public:
  static Result<RowExpression> bind(const ExpressionText& text, const StreamShape& input);

  [[nodiscard]] DataType type() const noexcept { return expression_.type(); }
  [[nodiscard]] bool nullable() const noexcept { return expression_.nullable(); }
  /// Equal for expressions that compute the same.
  [[nodiscard]] const std::string& canonical() const noexcept { return expression_.canonical(); }
  /// One value per physical row; any encoding.
  Result<Column> evaluate(const Batch& batch, SlabPool& pool) const;

 private:
  explicit RowExpression(Expression expression) : expression_{std::move(expression)} {}
  Expression expression_;
};

}  // namespace flow
