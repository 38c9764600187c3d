#pragma once

#include "flow/operators/spec.hpp"

#include <memory>

namespace flow {

/// The input's event time goes on if the answers have a column of that name and type.
ShapeResult through_shape(const ThroughSpec& spec, const StreamShape& input,
                          const SourcePlace& place);
Result<std::unique_ptr<Operator>> make_through(const ThroughSpec& spec, const StreamShape& input);

}  // namespace flow
