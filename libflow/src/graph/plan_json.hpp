#pragma once

#include "flow/graph/execution_plan.hpp"

#include <nlohmann/json.hpp>

namespace flow {

/// One spec as JSON: verb and arguments, in the words of the manual. Deterministic.
nlohmann::ordered_json to_json(const OperatorSpec& spec);

/// The part of a plan that state and positions depend on: chains, links, edges, key groups.
nlohmann::ordered_json structure_json(const ExecutionPlan& plan);

/// `filter`, `aggregate`, …
std::string_view verb_of(const OperatorSpec& spec);

}  // namespace flow
