#pragma once

#include "flow/expr/functions.hpp"

#include <span>

namespace flow {

/// The functions of `aggregate:`, for people. Their examples stand for a column and are not true by
/// themselves. Thread: value.
std::span<const FunctionEntry> aggregate_catalogue();

}  // namespace flow
