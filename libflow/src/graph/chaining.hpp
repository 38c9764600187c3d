#pragma once

#include "flow/graph/logical_graph.hpp"

namespace flow {

/// Puts the nodes of a graph with known shapes into chains and connects them. Each node becomes one
/// link, or a few: a keyed step whose keys are computed gets a step that computes them in front of
/// its exchange, a windowed aggregation that allows it is split into a local and a global phase.
Result<ExecutionPlan> chain_up(const ValidatedGraph& graph, const PlanOptions& options);

}  // namespace flow
