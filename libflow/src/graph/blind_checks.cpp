#include "blind_checks.hpp"

#include "flow/expr/expression.hpp"

namespace flow {
namespace {

std::vector<ExpressionText> expressions_of(const OperatorSpec& spec) {
  std::vector<ExpressionText> texts;
  if (const auto* filter = std::get_if<FilterSpec>(&spec)) texts.push_back(filter->condition);
  if (const auto* project = std::get_if<ProjectSpec>(&spec))
    for (const auto& column : project->columns) texts.push_back(column.expression);
  if (const auto* aggregate = std::get_if<WindowAggregateSpec>(&spec)) {
    for (const auto& key : aggregate->keys) texts.push_back(key.expression);
    for (const auto& call : aggregate->aggregates)
      if (call.argument) texts.push_back(*call.argument);
  }
  return texts;
}

}  // namespace

bool is_about_time(Errc code) {
  return code == Errc::no_event_time || code == Errc::top_without_time;
}

bool keeps_shape(const OperatorSpec& spec) {
  return std::holds_alternative<FilterSpec>(spec) || std::holds_alternative<TopSpec>(spec);
}

std::vector<Error> syntax_errors(const OperatorSpec& spec) {
  std::vector<Error> errors;
  for (const auto& text : expressions_of(spec)) {
    // The parser speaks before any column is looked for.
    auto compiled = Expression::compile(text, *make_schema({}));
    if (compiled) continue;
    const auto code = compiled.error().code();
    if (code == Errc::syntax_error || code == Errc::expression_too_large)
      errors.push_back(std::move(compiled).error());
  }
  return errors;
}

}  // namespace flow
