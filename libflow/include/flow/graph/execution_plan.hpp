#pragma once

#include "flow/base/ids.hpp"
#include "flow/connector/registry.hpp"
#include "flow/operators/spec.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flow {

/// How the watermark of a source is made.
struct WatermarkSpec {
  std::string time_column;
  Micros delay{};              ///< Bounded disorder: rows up to this much behind are on time.
  std::optional<Micros> idle;  ///< A split silent for this long stops holding the watermark back.
  bool operator==(const WatermarkSpec&) const = default;
};

/// The head of a chain that reads from outside.
struct PlannedSource {
  std::shared_ptr<const Source> source;
  std::string connector;                   ///< Its name, for people and for plans.
  std::optional<std::string> time_column;  ///< Event time; may exist without watermark.
  std::optional<WatermarkSpec> watermark;
  OnError on_error = OnError::fail;
};
/// Stands behind a source and gives on the rows it could not read, in the form of
/// dead_letter_schema().
struct PlannedDeadLetters {
  std::string source;  ///< Node that reads them.
};
struct PlannedOperator {
  OperatorSpec spec;
  std::vector<StreamShape> inputs;
  Phase phase = Phase::single;
};
/// The end of a chain that writes outside.
struct PlannedSink {
  std::shared_ptr<const Sink> sink;
  std::string connector;
  SchemaPtr schema;
  bool changelog = false;
};

/// Where a port of a link goes.
struct PlannedTarget {
  bool inside = true;
  std::uint32_t index =
      0;  ///< Inside: link of the same chain; else index into ExecutionPlan::edges.
  std::uint32_t input = 0;  ///< Inside: input of that link.
};
struct PlannedLink {
  std::string name;  ///< Node name, for phases and inserted steps with a suffix
                     ///< (`per_airport.local`): the id of state.
  std::string node;  ///< Name of the node in the topology it belongs to: what people see.
  std::variant<PlannedSource, PlannedDeadLetters, PlannedOperator, PlannedSink> what;
  std::uint32_t inputs = 1;  ///< A source has one: what its reader delivers.
  std::vector<std::vector<PlannedTarget>> ports;
};

/// One chain: runs as `parallelism` subtasks. Links are in topological order; a source, if any, is
/// link 0, and what it sets aside, if anybody wants it, comes out of link 1.
struct PlannedChain {
  std::string name;  ///< Names of its nodes joined by ` → `.
  std::uint32_t parallelism = 1;
  std::vector<PlannedLink> links;
};

enum class Exchange : std::uint8_t {
  forward,    ///< Subtask i to subtask i; equal parallelism.
  hash,       ///< By key group of the key columns.
  rebalance,  ///< Round robin over receivers; with one receiver: gather.
};

/// One exchange between two chains.
struct PlannedEdge {
  std::uint32_t from_chain = 0;
  std::uint32_t to_chain = 0;
  std::uint32_t to_link = 0;
  std::uint32_t to_input = 0;
  Exchange exchange = Exchange::forward;
  std::vector<std::uint32_t>
      key_columns;  ///< For hash: columns of `schema`; empty list = one group.
  SchemaPtr schema;
};

struct CheckpointSpec {
  std::string directory;  ///< Empty: no checkpoints; output is committed at the end.
  Micros interval{10'000'000};
  Micros timeout{600'000'000};
  Micros min_pause{};          ///< At least this long between the end of one and the next.
  std::uint32_t retained = 1;  ///< Manifests kept.
};

struct RestartSpec {
  enum class Policy : std::uint8_t { none, fixed, exponential };
  Policy policy = Policy::exponential;
  std::uint32_t attempts = 10;  ///< Failures in a row before the job fails; 0 = no limit.
  Micros initial{1'000'000};
  Micros max{60'000'000};
  Micros reset_after{600'000'000};  ///< Healthy for this long: the count starts anew.
};

/// What runs: chains of operators and the exchanges between them. Made by plan() from a valid
/// graph.
///
/// Thread: value.
struct ExecutionPlan {
  std::string job;
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::vector<PlannedChain> chains;
  std::vector<PlannedEdge> edges;
  CheckpointSpec checkpoints;
  RestartSpec restart;
  Micros linger{5'000};

  /// Everything a person or another program wants to know, as JSON; deterministic; stored in
  /// manifests.
  [[nodiscard]] std::string to_json() const;
  /// Equal if and only if state and positions of one plan mean the same in the other: names, specs,
  /// schemas, exchanges, parallelism; not intervals or restart policies.
  [[nodiscard]] std::uint64_t fingerprint() const;
};

}  // namespace flow
