#pragma once

#include "flow/graph/execution_plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flow {

/// A source of the topology: a connector that has been made, and how its event time works.
struct SourceNode {
  std::shared_ptr<const Source> source;
  std::string connector;
  std::optional<std::string> time_column;
  std::optional<WatermarkSpec> watermark;
  OnError on_error = OnError::fail;
  /// Its mistakes were reported. It has columns, so that what reads it is checked; it cannot run.
  bool stand_in = false;
  /// Of a stand-in: its event time was given wrongly, so nothing is said against a use of it.
  bool time_unknown = false;
};
struct OperatorNode {
  OperatorSpec spec;
};
/// A sink whose connector is made once the schema that reaches it is known.
struct SinkNode {
  std::string connector;
  std::function<Result<std::shared_ptr<const Sink>>(const SchemaPtr& schema, bool changelog)> make;
  /// Every mistake in the options; may be absent. What reaches a sink is not known where a node
  /// before it has mistakes: then `schema` has no columns.
  std::function<std::vector<Error>(const SchemaPtr& schema, bool changelog)> check = nullptr;
};

/// A node that could not be read; its mistakes were reported. Nothing more is said of what reads
/// it.
struct BrokenNode {};

/// A stream that a node reads: by name, so that a topology may be written in any order.
struct InputRef {
  std::string name;
  SourcePlace place;
};

/// One named node. Names are unique over sources, steps, sinks and side outputs.
struct LogicalNode {
  std::string name;
  SourcePlace place;
  std::vector<InputRef> inputs;
  std::variant<BrokenNode, SourceNode, OperatorNode, SinkNode> what;
  std::map<std::uint32_t, std::string> side_outputs;  ///< Port → the name others read `from:`.
  std::optional<std::uint32_t> parallelism;

  /// Gives each port the name that others read it by.
  void name_ports(std::vector<StreamShape>& ports) const;
};

/// What is connected to what: the one form that YAML, C++ and SQL produce. Plain data; anything can
/// be added, validate() says what is wrong.
struct LogicalGraph {
  std::string job;
  std::vector<LogicalNode> nodes;
  /// Where `on_error: dead_letter` rows go: a sink without inputs (or a BrokenNode). validate()
  /// makes it read the side output of each source that asks for it.
  std::optional<LogicalNode> dead_letters;
};

/// The port of a source on which it gives away rows that could not be read; others read it by the
/// name `SOURCE.dead_letters`.
inline constexpr std::uint32_t kDeadLetterPort = 1;
inline std::string dead_letters_of(const std::string& source) { return source + ".dead_letters"; }

/// A graph whose names are resolved and whose shapes are known.
struct ResolvedNode {
  struct Input {
    std::size_t node = 0;
    std::uint32_t port = 0;
  };
  std::vector<Input> inputs;
  std::vector<StreamShape> ports;
  std::shared_ptr<const Sink> sink;
};
struct ValidatedGraph {
  LogicalGraph graph;
  std::vector<ResolvedNode> resolved;  ///< Parallel to graph.nodes.
  std::vector<std::size_t> order;      ///< Topological.
};
struct Validation {
  std::optional<ValidatedGraph> graph;  ///< Present if there are no errors and no broken nodes.
  std::vector<Error> errors;            ///< All of them.
  std::vector<Error> warnings;          ///< An output nobody reads, …
};
Validation validate(LogicalGraph graph);

struct PlanOptions {
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
  CheckpointSpec checkpoints;
  RestartSpec restart;
  bool push_down_projections = true;
};

/// Chains, parallelises and pushes projections down. Errors: parallelism above key groups, what
/// instantiation refuses.
Result<ExecutionPlan> plan(const ValidatedGraph& graph, const PlanOptions& options);

/// For people: chains, operators, exchanges as text; and as DOT.
std::string to_text(const ExecutionPlan& plan);
std::string to_dot(const ExecutionPlan& plan);

}  // namespace flow
