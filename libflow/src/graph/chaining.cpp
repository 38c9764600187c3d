#include "chaining.hpp"

#include "flow/expr/expression.hpp"

#include <algorithm>

namespace flow {
namespace {

/// A port of a link: where a stream is to be had.
struct Outlet {
  std::uint32_t chain = 0;
  std::uint32_t link = 0;
  std::uint32_t port = 0;
};
struct Stream {
  Outlet at;
  StreamShape shape;
};

class Chaining {
 public:
  Chaining(const ValidatedGraph& graph, const PlanOptions& options)
      : graph_{graph}, options_{options} {
    plan_.job = graph.graph.job;
    plan_.key_groups = options.key_groups;
    plan_.checkpoints = options.checkpoints;
    plan_.restart = options.restart;
    streams_.resize(graph.graph.nodes.size());
    read_.resize(graph.graph.nodes.size());
    for (std::size_t i = 0; i < read_.size(); ++i)
      read_[i].resize(graph.resolved[i].ports.size(), false);
    for (const auto& resolved : graph.resolved)
      for (const auto& input : resolved.inputs) read_[input.node][input.port] = true;
  }

  Result<ExecutionPlan> run() {
    for (const auto i : graph_.order) {
      auto status =
          std::visit([&](const auto& what) { return place(i, what); }, graph_.graph.nodes[i].what);
      if (!status) return std::move(status).error();
    }
    name_chains();
    return std::move(plan_);
  }

 private:
  const LogicalNode& node(std::size_t i) const { return graph_.graph.nodes[i]; }

  Result<std::uint32_t> parallelism_of(std::size_t i) const {
    const auto wanted = node(i).parallelism.value_or(options_.parallelism);
    if (wanted >= 1 && wanted <= options_.key_groups) return wanted;
    return Error{Errc::bad_parallelism, "parallelism " + std::to_string(wanted) + " of '" +
                                            node(i).name + "' is not between 1 and " +
                                            std::to_string(options_.key_groups)}
        .at(node(i).place);
  }

  std::vector<Stream> inputs_of(std::size_t i) const {
    std::vector<Stream> inputs;
    for (const auto& input : graph_.resolved[i].inputs)
      inputs.push_back(streams_[input.node][input.port]);
    return inputs;
  }

  // --- placing nodes -----------------------------------------------------------------------

  Status place(std::size_t i, const BrokenNode&) {
    return Error{Errc::internal, "node '" + node(i).name + "' of a valid graph is broken"};
  }

  Status place(std::size_t i, const SourceNode& source) {
    FLOW_ASSIGN(const auto parallelism, parallelism_of(i));
    const auto chain = new_chain(parallelism);
    const auto link = new_link(chain, node(i).name, node(i).name,
                               PlannedSource{source.source, source.connector, source.time_column,
                                             source.watermark, source.on_error},
                               1, 1);
    const auto& ports = graph_.resolved[i].ports;
    streams_[i].push_back({{chain, link, 0}, ports[0]});
    if (ports.size() <= kDeadLetterPort) return {};
    const auto& name = node(i).side_outputs.at(kDeadLetterPort);
    const auto letters = new_link(chain, name, name, PlannedDeadLetters{node(i).name}, 1, 1);
    streams_[i].push_back({{chain, letters, 0}, ports[kDeadLetterPort]});
    return {};
  }

  Status place(std::size_t i, const OperatorNode& op) {
    if (const auto keys = partition_keys(op.spec)) return place_keyed(i, op.spec, *keys);
    FLOW_ASSIGN(const auto parallelism, parallelism_of(i));
    const auto inputs = inputs_of(i);
    const auto chain = chain_for(inputs, parallelism);
    const auto link = new_operator(chain, node(i).name, node(i).name, op.spec, shapes(inputs),
                                   Phase::single, port_count(i));
    for (std::uint32_t input = 0; input < inputs.size(); ++input)
      connect(inputs[input], chain, link, input, Exchange::forward, {});
    publish(i, chain, link);
    return {};
  }

  Status place(std::size_t i, const SinkNode& sink) {
    const auto inputs = inputs_of(i);
    auto parallelism =
        node(i).parallelism ? *node(i).parallelism : plan_.chains[inputs[0].at.chain].parallelism;
    const auto& made = graph_.resolved[i].sink;
    if (const auto most = made->max_parallelism(); most != 0)
      parallelism = std::min(parallelism, most);
    const auto chain = chain_for(inputs, parallelism);
    const auto link = new_link(
        chain, node(i).name, node(i).name,
        PlannedSink{made, sink.connector, inputs[0].shape.schema, inputs[0].shape.changelog},
        static_cast<std::uint32_t>(inputs.size()), 0);
    for (std::uint32_t input = 0; input < inputs.size(); ++input)
      connect(inputs[input], chain, link, input, Exchange::forward, {});
    return {};
  }

  /// A keyed step: rows of one key must meet in one subtask.
  Status place_keyed(std::size_t i, OperatorSpec spec, const std::vector<NamedExpression>& keys) {
    FLOW_ASSIGN(auto parallelism, parallelism_of(i));
    if (keys.empty()) parallelism = 1;  // one group
    auto input = inputs_of(i)[0];
    const auto from = input.at.chain;
    if (parallelism == 1 && plan_.chains[from].parallelism == 1) {
      const auto link = new_operator(from, node(i).name, node(i).name, spec, {input.shape},
                                     Phase::single, port_count(i));
      connect(input, from, link, 0, Exchange::forward, {});
      publish(i, from, link);
      return {};
    }

    const bool late_rows_read = read_[i].size() > 1 && read_[i][1];
    const auto partial = late_rows_read ? std::nullopt : partial_shape(spec, input.shape);
    if (partial) return place_two_phase(i, spec, keys.size(), input, *partial, parallelism);

    // Late rows must leave as they came, without the columns added for the exchange.
    const auto original = input.shape;
    bool widened = false;
    FLOW_ASSIGN(const auto key_columns, key_columns_of(i, spec, keys, input, widened));
    const auto chain = new_chain(parallelism);
    const auto link = new_operator(chain, node(i).name, node(i).name, spec, {input.shape},
                                   Phase::single, port_count(i));
    connect(input, chain, link, 0, Exchange::hash, key_columns);
    publish(i, chain, link);
    if (widened && late_rows_read) narrow_late_rows(i, chain, link, input.shape, original);
    return {};
  }

  Status place_two_phase(std::size_t i, const OperatorSpec& spec, std::size_t keys,
                         const Stream& input, const StreamShape& partial,
                         std::uint32_t parallelism) {
    const auto from = input.at.chain;
    const auto local = new_operator(from, node(i).name + ".local", node(i).name, spec,
                                    {input.shape}, Phase::local, 1);
    connect(input, from, local, 0, Exchange::forward, {});
    const auto chain = new_chain(parallelism);
    const auto link = new_operator(chain, node(i).name, node(i).name, spec, {input.shape},
                                   Phase::global, port_count(i));
    std::vector<std::uint32_t> key_columns;  // the partial schema begins with the keys
    for (std::uint32_t key = 0; key < keys; ++key) key_columns.push_back(key);
    connect(Stream{{from, local, 0}, partial}, chain, link, 0, Exchange::hash,
            std::move(key_columns));
    publish(i, chain, link);
    return {};
  }

  /// Finds the key columns in the input; computed keys get columns of their own in front of the
  /// exchange.
  Result<std::vector<std::uint32_t>> key_columns_of(std::size_t i, OperatorSpec& spec,
                                                    const std::vector<NamedExpression>& keys,
                                                    Stream& input, bool& widened) {
    ProjectSpec computed;
    computed.keep_input = true;
    std::vector<std::optional<std::uint32_t>> columns;
    for (const auto& key : keys) {
      FLOW_ASSIGN(const auto compiled,
                  Expression::compile(key.expression, *input.shape.schema, {input.shape.name, {}}));
      columns.push_back(compiled.column_only());
      if (columns.back()) continue;
      auto name = "flow_key_" + key.name;
      while (input.shape.schema->index_of(name)) name += '_';
      computed.columns.push_back({name, key.expression});
    }
    widened = !computed.columns.empty();
    if (widened) {
      const auto shape = shape_of(computed, {input.shape}, node(i).place);
      if (!shape.errors.empty()) return shape.errors.front();
      const auto chain = input.at.chain;
      const auto link = new_operator(chain, node(i).name + ".keys", node(i).name, computed,
                                     {input.shape}, Phase::single, 1);
      connect(input, chain, link, 0, Exchange::forward, {});
      input = Stream{{chain, link, 0}, shape.ports[0]};
      rewrite_keys(spec, computed, columns);
    }
    std::vector<std::uint32_t> result;
    std::size_t next = 0;
    for (const auto& column : columns) {
      const auto index = column ? std::optional<std::size_t>{*column}
                                : input.shape.schema->index_of(computed.columns[next++].name);
      result.push_back(static_cast<std::uint32_t>(*index));
    }
    return result;
  }

  static void rewrite_keys(OperatorSpec& spec, const ProjectSpec& computed,
                           const std::vector<std::optional<std::uint32_t>>& columns) {
    auto* window = std::get_if<WindowAggregateSpec>(&spec);
    if (window == nullptr) return;
    std::size_t next = 0;
    for (std::size_t k = 0; k < columns.size(); ++k)
      if (!columns[k]) window->keys[k].expression.text = computed.columns[next++].name;
  }

  void narrow_late_rows(std::size_t i, std::uint32_t chain, std::uint32_t link,
                        const StreamShape& wide, const StreamShape& original) {
    DropSpec drop;
    for (const auto& field : wide.schema->fields())
      if (!original.schema->index_of(field.name)) drop.columns.push_back(field.name);
    const auto dropper =
        new_operator(chain, node(i).name + ".late", node(i).name, drop, {wide}, Phase::single, 1);
    connect(Stream{{chain, link, 1}, wide}, chain, dropper, 0, Exchange::forward, {});
    streams_[i][1] = Stream{{chain, dropper, 0}, graph_.resolved[i].ports[1]};
  }

  // --- building the plan -------------------------------------------------------------------

  std::uint32_t new_chain(std::uint32_t parallelism) {
    plan_.chains.push_back({{}, parallelism, {}});
    return static_cast<std::uint32_t>(plan_.chains.size() - 1);
  }

  /// The chain all inputs come from if its parallelism fits, else a new one.
  std::uint32_t chain_for(const std::vector<Stream>& inputs, std::uint32_t parallelism) {
    const auto chain = inputs[0].at.chain;
    const bool same = std::all_of(inputs.begin(), inputs.end(),
                                  [&](const Stream& input) { return input.at.chain == chain; });
    return same && plan_.chains[chain].parallelism == parallelism ? chain : new_chain(parallelism);
  }

  std::uint32_t new_link(std::uint32_t chain, std::string name, std::string node_name,
                         decltype(PlannedLink::what) what, std::uint32_t inputs,
                         std::size_t ports) {
    auto& links = plan_.chains[chain].links;
    links.push_back({std::move(name), std::move(node_name), std::move(what), inputs, {}});
    links.back().ports.resize(ports);
    return static_cast<std::uint32_t>(links.size() - 1);
  }

  std::uint32_t new_operator(std::uint32_t chain, std::string name, std::string node_name,
                             OperatorSpec spec, std::vector<StreamShape> inputs, Phase phase,
                             std::size_t ports) {
    const auto count = static_cast<std::uint32_t>(inputs.size());
    return new_link(chain, std::move(name), std::move(node_name),
                    PlannedOperator{std::move(spec), std::move(inputs), phase}, count, ports);
  }

  /// Wanted `forward` becomes a direct target inside a chain, an edge between chains of equal
  /// parallelism, and a rebalance otherwise.
  void connect(const Stream& from, std::uint32_t chain, std::uint32_t link, std::uint32_t input,
               Exchange exchange, std::vector<std::uint32_t> key_columns) {
    auto& targets = plan_.chains[from.at.chain].links[from.at.link].ports[from.at.port];
    if (from.at.chain == chain) {
      targets.push_back({true, link, input});
      return;
    }
    if (exchange == Exchange::forward &&
        plan_.chains[from.at.chain].parallelism != plan_.chains[chain].parallelism)
      exchange = Exchange::rebalance;
    targets.push_back({false, static_cast<std::uint32_t>(plan_.edges.size()), 0});
    plan_.edges.push_back(
        {from.at.chain, chain, link, input, exchange, std::move(key_columns), from.shape.schema});
  }

  void publish(std::size_t i, std::uint32_t chain, std::uint32_t link) {
    const auto& ports = graph_.resolved[i].ports;
    for (std::uint32_t port = 0; port < ports.size(); ++port)
      streams_[i].push_back({{chain, link, port}, ports[port]});
  }

  std::size_t port_count(std::size_t i) const { return graph_.resolved[i].ports.size(); }

  static std::vector<StreamShape> shapes(const std::vector<Stream>& streams) {
    std::vector<StreamShape> result;
    result.reserve(streams.size());
    for (const auto& stream : streams) result.push_back(stream.shape);
    return result;
  }

  void name_chains() {
    for (auto& chain : plan_.chains) {
      std::string last;
      for (const auto& link : chain.links) {
        if (link.node == last) continue;
        chain.name += (chain.name.empty() ? "" : " → ") + link.node;
        last = link.node;
      }
    }
  }

  const ValidatedGraph& graph_;
  const PlanOptions& options_;
  ExecutionPlan plan_;
  std::vector<std::vector<Stream>> streams_;  ///< By node and port.
  std::vector<std::vector<bool>> read_;       ///< Whether anybody reads a node's port.
};

}  // namespace

Result<ExecutionPlan> chain_up(const ValidatedGraph& graph, const PlanOptions& options) {
  return Chaining{graph, options}.run();
}

}  // namespace flow
