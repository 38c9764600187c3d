#include "flow/operators/spec.hpp"

#include "simple/bound_step.hpp"
#include "through/through.hpp"
#include "top/top.hpp"
#include "window/window_aggregate.hpp"

#include "flow/base/check.hpp"
#include "flow/base/nearest.hpp"

#include <type_traits>
#include <utility>

namespace flow {
namespace {

template <class Spec>
BoundStep bind_step(const Spec& spec, const std::vector<StreamShape>& inputs,
                    const SourcePlace& place) {
  if constexpr (std::is_same_v<Spec, UnionSpec>) {
    return bind(spec, inputs, place);
  } else {
    return bind(spec, inputs.front(), place);
  }
}

/// Names the column as an expression does, whatever its letters.
ExpressionText column_text(const std::string& name, const SourcePlace& place) {
  std::string text = "\"";
  for (const auto letter : name) {
    if (letter == '"') text += '"';
    text += letter;
  }
  return {text + "\"", place};
}

std::unique_ptr<Operator> make_simple(const OperatorSpec& spec, BoundStep step) {
  if (step.condition) return std::make_unique<FilterOperator>(*std::move(step.condition));
  if (std::holds_alternative<UnionSpec>(spec))
    return std::make_unique<UnionOperator>(std::move(step.shape.schema));
  return std::make_unique<ProjectOperator>(std::move(step.shape.schema), std::move(step.outputs));
}

}  // namespace

Error StreamShape::no_column(const std::string& column, const SourcePlace& place) const {
  std::vector<std::string> names;
  for (const auto& field : schema->fields()) names.push_back(field.name);
  const auto quoted = name.empty() ? std::string{} : "'" + name + "'";
  return Error{Errc::unknown_column,
               "no column '" + column + "'" + (name.empty() ? "" : " in " + quoted)}
      .with_note(choices_note("columns" + (name.empty() ? "" : " of " + quoted), column, names))
      .at(place);
}

ShapeResult shape_of(const OperatorSpec& spec, const std::vector<StreamShape>& inputs,
                     const SourcePlace& place) {
  FLOW_CHECK(!inputs.empty(), "an operator has at least one input");
  return std::visit(
      [&](const auto& step) -> ShapeResult {
        using Spec = std::decay_t<decltype(step)>;
        if constexpr (std::is_same_v<Spec, WindowAggregateSpec>) {
          return window_aggregate_shape(step, inputs.front(), place);
        } else if constexpr (std::is_same_v<Spec, TopSpec>) {
          return top_shape(step, inputs.front(), place);
        } else if constexpr (std::is_same_v<Spec, ThroughSpec>) {
          return through_shape(step, inputs.front(), place);
        } else {
          auto bound = bind_step(step, inputs, place);
          ShapeResult result;
          result.ports.push_back(std::move(bound.shape));
          result.errors = std::move(bound.errors);
          return result;
        }
      },
      spec);
}

std::optional<std::vector<NamedExpression>> partition_keys(const OperatorSpec& spec) {
  if (const auto* window = std::get_if<WindowAggregateSpec>(&spec)) return window->keys;
  if (const auto* top = std::get_if<TopSpec>(&spec)) {
    std::vector<NamedExpression> keys;
    for (const auto& column : top->per) keys.push_back({column, column_text(column, top->place)});
    return keys;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Operator>> make_operator(const OperatorSpec& spec,
                                                const std::vector<StreamShape>& inputs,
                                                Phase phase) {
  FLOW_CHECK(!inputs.empty(), "an operator has at least one input");
  return std::visit(
      [&](const auto& step) -> Result<std::unique_ptr<Operator>> {
        using Spec = std::decay_t<decltype(step)>;
        if constexpr (std::is_same_v<Spec, WindowAggregateSpec>) {
          return make_window_aggregate(step, inputs.front(), phase);
        } else {
          FLOW_CHECK(phase == Phase::single, "this operator has one phase");
          if constexpr (std::is_same_v<Spec, TopSpec>) {
            return make_top(step, inputs.front());
          } else if constexpr (std::is_same_v<Spec, ThroughSpec>) {
            return make_through(step, inputs.front());
          } else {
            auto bound = bind_step(step, inputs, {});
            if (!bound.errors.empty()) return std::move(bound.errors.front());
            return make_simple(spec, std::move(bound));
          }
        }
      },
      spec);
}

std::optional<StreamShape> partial_shape(const OperatorSpec& spec, const StreamShape& input) {
  const auto* window = std::get_if<WindowAggregateSpec>(&spec);
  if (window == nullptr) return std::nullopt;
  return window_aggregate_partial_shape(*window, input);
}

}  // namespace flow
