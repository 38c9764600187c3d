#include "liveness.hpp"

#include "flow/expr/expression.hpp"

#include <string>

namespace flow {
namespace {

/// Columns of one input that an operator needs, given which columns of its ports are needed.
class InputNeeds {
 public:
  InputNeeds(const StreamShape& input, const std::vector<StreamShape>& ports,
             const std::vector<std::vector<bool>>& needed)
      : schema_{*input.schema},
        name_{input.name},
        ports_{ports},
        needed_{needed},
        result_(schema_.size(), false) {}

  std::vector<bool> take() && { return std::move(result_); }

  void operator()(const FilterSpec& spec) {
    pass_by_name();
    use(spec.condition);
  }
  void operator()(const ProjectSpec& spec) {
    // A replaced column is kept: the one that replaces it takes its place in the order.
    if (spec.keep_input) pass_by_name();
    for (const auto& column : spec.columns) use(column.expression);
  }
  // What a step names must be there, even to be dropped or renamed.
  void operator()(const DropSpec& spec) {
    pass_by_name();
    for (const auto& column : spec.columns) use_column(column);
  }
  void operator()(const RenameSpec& spec) {
    pass_by_name();
    for (const auto& [from, to] : spec.names) use_column(from);
  }
  void operator()(const UnionSpec&) { pass_by_name(); }
  void operator()(const WindowAggregateSpec& spec) {
    use_column(spec.time_column);
    for (const auto& key : spec.keys) use(key.expression);
    for (const auto& aggregate : spec.aggregates)
      if (aggregate.argument) use(*aggregate.argument);
    // Late rows leave as they came.
    for (std::size_t i = 0; needed_.size() > 1 && i < needed_[1].size(); ++i)
      if (needed_[1][i]) use_column(ports_[1].schema->field(i).name);
  }
  // Every column takes part in the order of ties.
  void operator()(const TopSpec&) { result_.assign(schema_.size(), true); }
  // Nobody knows what an actor reads.
  void operator()(const ThroughSpec&) { result_.assign(schema_.size(), true); }

 private:
  bool is_needed(std::size_t port, const std::string& name) const {
    const auto index = ports_[port].schema->index_of(name);
    return index && needed_[port][*index];
  }
  void pass_by_name() {
    for (std::size_t i = 0; i < schema_.size(); ++i)
      if (is_needed(0, schema_.field(i).name)) result_[i] = true;
  }
  void use_column(const std::string& name) {
    if (const auto index = schema_.index_of(name)) result_[*index] = true;
  }
  void use(const ExpressionText& text) {
    const auto compiled = Expression::compile(text, schema_, {name_, {}});
    if (!compiled) {  // validate() reported it; keep everything
      result_.assign(schema_.size(), true);
      return;
    }
    for (const auto column : compiled->columns_used()) result_[column] = true;
  }

  const Schema& schema_;
  const std::string& name_;
  const std::vector<StreamShape>& ports_;
  const std::vector<std::vector<bool>>& needed_;
  std::vector<bool> result_;
};

void merge(std::vector<bool>& into, const std::vector<bool>& from) {
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[i]) into[i] = true;
}

}  // namespace

std::vector<std::vector<bool>> needed_columns(const ValidatedGraph& graph) {
  const auto& nodes = graph.graph.nodes;
  std::vector<std::vector<std::vector<bool>>> needed(nodes.size());  // node, port, column
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const auto& port : graph.resolved[i].ports)
      needed[i].emplace_back(port.schema->size(), false);

  for (auto at = graph.order.rbegin(); at != graph.order.rend(); ++at) {
    const auto i = *at;
    const auto& resolved = graph.resolved[i];
    // Event time travels with every batch that has one.
    for (std::size_t port = 0; port < resolved.ports.size(); ++port) {
      const auto& shape = resolved.ports[port];
      if (!shape.time_column) continue;
      if (const auto index = shape.schema->index_of(*shape.time_column))
        needed[i][port][*index] = true;
    }
    for (const auto& input : resolved.inputs) {
      const auto& shape = graph.resolved[input.node].ports[input.port];
      if (const auto* op = std::get_if<OperatorNode>(&nodes[i].what)) {
        InputNeeds needs{shape, resolved.ports, needed[i]};
        std::visit(needs, op->spec);
        merge(needed[input.node][input.port], std::move(needs).take());
      } else {
        merge(needed[input.node][input.port], std::vector<bool>(shape.schema->size(), true));
      }
    }
  }

  std::vector<std::vector<bool>> result;
  result.reserve(needed.size());
  for (auto& ports : needed)
    result.push_back(ports.empty() ? std::vector<bool>{} : std::move(ports[0]));
  return result;
}

}  // namespace flow
