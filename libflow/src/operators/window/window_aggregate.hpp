#pragma once

#include "flow/operators/spec.hpp"

#include <memory>
#include <optional>

namespace flow {

/// Checks the keys, window, time column and aggregates; all errors, placed at their texts.
ShapeResult window_aggregate_shape(const WindowAggregateSpec& spec, const StreamShape& input,
                                   const SourcePlace& place);

/// Keys, `slice$` (timestamp), `rows$` and the partial columns of each aggregate; nullopt if the
/// spec has errors.
std::optional<StreamShape> window_aggregate_partial_shape(const WindowAggregateSpec& spec,
                                                          const StreamShape& input);

/// `input` is the spec's input in every phase.
Result<std::unique_ptr<Operator>> make_window_aggregate(const WindowAggregateSpec& spec,
                                                        const StreamShape& input, Phase phase);

}  // namespace flow
