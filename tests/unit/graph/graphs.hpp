#pragma once

#include "flow/graph/logical_graph.hpp"
#include "support/fake_connectors.hpp"

#include <string>
#include <utility>
#include <vector>

namespace flow::testing {

/// Builds graphs in a few words. Lines count up by node so that errors can be told apart.
class Graph {
 public:
  explicit Graph(std::string job = "job") { graph_.job = std::move(job); }

  Graph& source(std::string name, std::vector<Field> fields,
                std::optional<std::string> time = std::nullopt) {
    SourceNode node{fake_source(make_schema(std::move(fields))), "rows", time, std::nullopt,
                    OnError::fail};
    if (time) node.watermark = WatermarkSpec{*time, Micros{0}, std::nullopt};
    return add(std::move(name), {}, std::move(node));
  }
  Graph& step(std::string name, std::vector<std::string> inputs, OperatorSpec spec) {
    return add(std::move(name), std::move(inputs), OperatorNode{std::move(spec)});
  }
  Graph& sink(std::string name, std::string input, bool single = false, std::string claim = {}) {
    const auto registry = fake_connectors();
    SinkNode node;
    node.connector = "seen";
    node.make = [single, claim = std::move(claim), make = registry.find("seen")->make_sink](
                    const SchemaPtr& schema, bool changelog) {
      SinkRequest request{"sink", schema, changelog, {}};
      request.options.set("single", {single ? "true" : "false", false, {}, {}});
      request.options.set("claim", {claim, false, {}, {}});
      return make(request);
    };
    return add(std::move(name), {std::move(input)}, std::move(node));
  }
  Graph& late(std::string name) {
    graph_.nodes.back().side_outputs.emplace(1, std::move(name));
    return *this;
  }
  /// The last node, a source, sends away what it cannot read.
  Graph& on_error(OnError policy) {
    std::get<SourceNode>(graph_.nodes.back().what).on_error = policy;
    return *this;
  }
  /// The last node, a sink, becomes the one of dead letters.
  Graph& as_dead_letters() {
    graph_.dead_letters = std::move(graph_.nodes.back());
    graph_.dead_letters->inputs.clear();
    graph_.nodes.pop_back();
    return *this;
  }
  Graph& parallelism(std::uint32_t subtasks) {
    graph_.nodes.back().parallelism = subtasks;
    return *this;
  }
  [[nodiscard]] const LogicalGraph& get() const { return graph_; }

 private:
  template <class What>
  Graph& add(std::string name, std::vector<std::string> inputs, What what) {
    LogicalNode node;
    node.name = std::move(name);
    node.place = {"g.yaml", static_cast<std::uint32_t>(graph_.nodes.size() + 1), 1, 0};
    for (auto& input : inputs) node.inputs.push_back({std::move(input), node.place});
    node.what = std::move(what);
    graph_.nodes.push_back(std::move(node));
    return *this;
  }
  LogicalGraph graph_;
};

inline const std::vector<Field> kFlights{{"at", types::timestamp, true},
                                         {"origin", types::string, true},
                                         {"delay", types::int32, true},
                                         {"extra", types::string, true}};

inline WindowAggregateSpec per_origin(std::string key = "origin") {
  WindowAggregateSpec spec;
  spec.keys = {{"origin", {std::move(key)}}};
  spec.window = TumblingWindow{std::chrono::hours{1}};
  spec.aggregates = {{"n", "count", std::nullopt, {}},
                     {"worst", "max", ExpressionText{"delay"}, {}}};
  return spec;
}

}  // namespace flow::testing
