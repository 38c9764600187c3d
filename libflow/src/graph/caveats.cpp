#include "flow/graph/caveats.hpp"

#include "flow/expr/expression.hpp"

namespace flow {
namespace {

bool sums_floats(const WindowAggregateSpec& spec, const StreamShape& input) {
  for (const auto& aggregate : spec.aggregates) {
    if (!aggregate.argument || (aggregate.function != "sum" && aggregate.function != "avg"))
      continue;
    const auto compiled = Expression::compile(*aggregate.argument, *input.schema, {input.name, {}});
    if (compiled && compiled->type() == types::float64) return true;
  }
  return false;
}

}  // namespace

std::vector<Caveat> caveats(const ValidatedGraph& graph) {
  std::vector<Caveat> result;
  for (std::size_t i = 0; i < graph.graph.nodes.size(); ++i) {
    const auto& node = graph.graph.nodes[i];
    const auto add = [&](std::string text) {
      result.push_back({node.name, node.place, std::move(text)});
    };
    if (const auto* source = std::get_if<SourceNode>(&node.what)) {
      if (source->watermark && !source->source->bounded() && source->watermark->idle)
        add("'" + node.name + "' no longer holds the watermark back when silent for " +
            format_duration(*source->watermark->idle) + ": rows that come after that may be late");
      if (source->on_error != OnError::fail)
        add("'" + node.name + "' goes on after rows it cannot read; they " +
            (source->on_error == OnError::skip ? "are counted" : "go to 'dead_letters'"));
      continue;
    }
    const auto* op = std::get_if<OperatorNode>(&node.what);
    if (op != nullptr && std::holds_alternative<ThroughSpec>(op->spec))
      add("'" + node.name +
          "' is an actor: the same rows give the same result if it answers the same batches with "
          "the same rows, however they are cut");
    const auto* window = op == nullptr ? nullptr : std::get_if<WindowAggregateSpec>(&op->spec);
    if (window == nullptr) continue;
    add("'" + node.name + "' leaves out rows later than the watermark" +
        (window->lateness > Micros{0} ? " by more than " + format_duration(window->lateness) : "") +
        (node.side_outputs.empty() ? "; they are counted"
                                   : "; they go to '" + node.side_outputs.begin()->second + "'"));
    const auto& input = graph.resolved[i].inputs[0];
    if (sums_floats(*window, graph.resolved[input.node].ports[input.port]))
      add("'" + node.name +
          "' sums floating-point numbers: the last digits depend on the order of rows");
  }
  return result;
}

}  // namespace flow
