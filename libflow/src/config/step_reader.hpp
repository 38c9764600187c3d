#pragma once

#include "fields.hpp"

#include "flow/graph/logical_graph.hpp"

namespace flow {

/// Reads one entry of `steps:` into a node of the graph. A BrokenNode if errors were reported.
LogicalNode read_step(const ConfigNode::Entry& entry, std::vector<Error>& errors);

}  // namespace flow
