#include "window_aggregate.hpp"

#include "local_aggregate.hpp"
#include "window_operator.hpp"
#include "window_plan.hpp"

namespace flow {

ShapeResult window_aggregate_shape(const WindowAggregateSpec& spec, const StreamShape& input,
                                   const SourcePlace& place) {
  ShapeResult result;
  const auto plan = plan_window(spec, input, place, result.errors);
  if (plan == nullptr) return result;
  StreamShape windows;
  windows.schema = plan->output;
  windows.time_column = "window_end";
  windows.time_offset = Micros{-1};
  windows.has_watermark = true;
  result.ports.push_back(std::move(windows));
  result.ports.push_back(input);
  return result;
}

std::optional<StreamShape> window_aggregate_partial_shape(const WindowAggregateSpec& spec,
                                                          const StreamShape& input) {
  std::vector<Error> errors;
  const auto plan = plan_window(spec, input, {}, errors);
  if (plan == nullptr) return std::nullopt;
  StreamShape partial;
  partial.schema = plan->partial;
  partial.time_column = "slice$";
  partial.has_watermark = true;
  return partial;
}

Result<std::unique_ptr<Operator>> make_window_aggregate(const WindowAggregateSpec& spec,
                                                        const StreamShape& input, Phase phase) {
  std::vector<Error> errors;
  auto plan = plan_window(spec, input, {}, errors);
  if (plan == nullptr) return std::move(errors.front());
  std::unique_ptr<Operator> made;
  if (phase == Phase::local) {
    made = std::make_unique<LocalAggregate>(std::move(plan));
  } else {
    made = std::make_unique<WindowOperator>(std::move(plan), phase);
  }
  return made;
}

}  // namespace flow
