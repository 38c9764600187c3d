#pragma once

#include "flow/base/error.hpp"
#include "flow/expr/expression.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow {

/// The parts of an aggregate text such as `sum(DISTINCT price * 2) FILTER (WHERE ok)`. Which
/// functions exist is decided by the operators; the arguments compile as expressions.
struct AggregateCall {
  std::string function;                   ///< Lower case.
  SourcePlace place;                      ///< Of the function's name.
  std::vector<ExpressionText> arguments;  ///< Empty for `count()` and `count(*)`.
  bool distinct = false;
  std::optional<ExpressionText> filter;
};

/// Splits an aggregate text into its parts. Errors: syntax_error, not_an_aggregate,
/// expression_too_large, all pointing at the text.
Result<AggregateCall> parse_aggregate(const ExpressionText& text);

}  // namespace flow
