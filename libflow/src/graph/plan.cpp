#include "chaining.hpp"
#include "liveness.hpp"

#include "flow/graph/logical_graph.hpp"

namespace flow {
namespace {

/// The columns to ask a source for; nullopt if all are needed. A batch needs at least one column to
/// have rows.
std::optional<std::vector<std::uint32_t>> wanted(const std::vector<bool>& needed) {
  std::vector<std::uint32_t> columns;
  for (std::uint32_t c = 0; c < needed.size(); ++c)
    if (needed[c]) columns.push_back(c);
  if (columns.empty() && !needed.empty()) columns.push_back(0);
  if (columns.size() == needed.size()) return std::nullopt;
  return columns;
}

/// Replaces sources by narrower ones where the connector can, and derives all shapes again.
/// Gives the graph back unchanged if anything downstream would not fit.
ValidatedGraph push_down(const ValidatedGraph& original) {
  auto graph = original;
  const auto needed = needed_columns(original);
  bool changed = false;
  for (std::size_t i = 0; i < graph.graph.nodes.size(); ++i) {
    auto* source = std::get_if<SourceNode>(&graph.graph.nodes[i].what);
    if (source == nullptr) continue;
    const auto columns = wanted(needed[i]);
    auto narrow = columns ? source->source->project(*columns) : nullptr;
    if (narrow == nullptr) continue;
    source->source = std::move(narrow);
    changed = true;
  }
  if (!changed) return original;
  for (const auto i : graph.order) {
    auto& resolved = graph.resolved[i];
    const auto& what = graph.graph.nodes[i].what;
    if (const auto* source = std::get_if<SourceNode>(&what)) {
      resolved.ports[0].schema = source->source->schema();
    } else if (const auto* op = std::get_if<OperatorNode>(&what)) {
      std::vector<StreamShape> inputs;
      for (const auto& input : resolved.inputs)
        inputs.push_back(graph.resolved[input.node].ports[input.port]);
      auto shape = shape_of(op->spec, inputs, graph.graph.nodes[i].place);
      if (!shape.errors.empty()) return original;
      resolved.ports = std::move(shape.ports);
      graph.graph.nodes[i].name_ports(resolved.ports);
    } else if (const auto& input = resolved.inputs[0];
               *graph.resolved[input.node].ports[input.port].schema !=
               *original.resolved[input.node].ports[input.port].schema) {
      return original;
    }
  }
  return graph;
}

}  // namespace

Result<ExecutionPlan> plan(const ValidatedGraph& graph, const PlanOptions& options) {
  if (options.key_groups < 1 || options.key_groups > kMaxKeyGroups) {
    return Error{Errc::bad_parallelism, "key groups must be between 1 and " +
                                            std::to_string(kMaxKeyGroups) + ", not " +
                                            std::to_string(options.key_groups)};
  }
  return chain_up(options.push_down_projections ? push_down(graph) : graph, options);
}

}  // namespace flow
