#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// What of a plan state and positions depend on and has changed, one sentence each: nodes that are
/// gone or new, parallelism, columns, inputs, what a step does. Both plans are as
/// ExecutionPlan::to_json() writes them. Empty if `before` cannot be read, or nothing is found.
///
/// Thread: value.
std::vector<std::string> plan_differences(std::string_view before, std::string_view now);

}  // namespace flow
