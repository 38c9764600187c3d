#pragma once

#include "flow/operators/spec.hpp"

#include <vector>

namespace flow {

// What can be said of a node though what it reads has mistakes, without saying anything that the
// same mistake may have caused.

/// Whether an error says that event time or watermark are missing.
bool is_about_time(Errc code);

/// Whether a step gives the columns it takes.
bool keeps_shape(const OperatorSpec& spec);

/// Expressions that are none, whatever the columns are.
std::vector<Error> syntax_errors(const OperatorSpec& spec);

}  // namespace flow
