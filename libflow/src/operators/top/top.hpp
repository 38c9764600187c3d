#pragma once

#include "flow/operators/spec.hpp"

#include <memory>

namespace flow {

/// Checks `n`, `by` and `per`; all errors. `per` must hold the stream's time column: groups without
/// a time would never be complete before the end of the input.
ShapeResult top_shape(const TopSpec& spec, const StreamShape& input, const SourcePlace& place);

Result<std::unique_ptr<Operator>> make_top(const TopSpec& spec, const StreamShape& input);

}  // namespace flow
