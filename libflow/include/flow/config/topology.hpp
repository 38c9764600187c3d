#pragma once

#include "flow/base/file_system.hpp"
#include "flow/connector/registry.hpp"
#include "flow/graph/logical_graph.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Where `${NAME}` and `!secret` take their values from: --set first, then the environment.
struct Variables {
  std::map<std::string, std::string> set;
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// One configuration file, already read. `path` is used in messages only.
struct ConfigText {
  std::string path;
  std::string text;
};

/// A topology as written: everything that can be said before names are resolved.
struct Topology {
  LogicalGraph graph;
  std::optional<std::uint32_t> parallelism;  ///< None: one subtask per core.
  std::uint32_t key_groups = kDefaultKeyGroups;
  CheckpointSpec checkpoints;
  RestartSpec restart;
  std::optional<Micros> linger;
};

/// What could be read. Nodes with mistakes are there as stand-ins or as BrokenNode, so that
/// validate() can still find what is wrong with the others.
struct LoadedTopology {
  Topology topology;
  std::vector<Error> errors;  ///< All of them, with places; empty = all was read.
};

/// Reads one job from several files; each key of the top level may stand in one of them, sections
/// (`sources`, `steps`, `sinks`) are joined. `files` is for `!secret file:…`.
///
/// Thread: startup.   Errors: 12xx, and what connectors and expressions say.
LoadedTopology load_topology(const std::vector<ConfigText>& texts,
                             const ConnectorRegistry& connectors, const Variables& variables,
                             FileSystem& files);

/// JSON Schema (draft 2020-12) of a topology file with these connectors, for editors.
std::string topology_json_schema(const ConnectorRegistry& connectors);

}  // namespace flow
