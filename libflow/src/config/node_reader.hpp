#pragma once

#include "fields.hpp"

#include "flow/graph/logical_graph.hpp"

namespace flow {

/// Reads one entry of `sources:`; makes the connector. A BrokenNode if errors were reported.
LogicalNode read_source(const ConfigNode::Entry& entry, const ConnectorRegistry& connectors,
                        std::vector<Error>& errors);
/// Reads one entry of `sinks:`; the connector is made when its schema is known.
LogicalNode read_sink(const ConfigNode::Entry& entry, const ConnectorRegistry& connectors,
                      std::vector<Error>& errors);
/// Reads `dead_letters:`: a sink whose inputs are found later.
LogicalNode read_dead_letters(const ConfigNode& config, const ConnectorRegistry& connectors,
                              std::vector<Error>& errors);

}  // namespace flow
