#pragma once

#include "flow/graph/logical_graph.hpp"

#include <optional>
#include <vector>

namespace flow::command {

/// A job that was looked at as a whole: its graph, or everything that is wrong with it.
struct CheckedJob {
  std::optional<ValidatedGraph> graph;  ///< Present if there are no errors.
  std::vector<Error> errors;            ///< By file and line.
  std::vector<Error> warnings;
};

/// Validates `graph`, whatever its form was. `errors`: what was wrong before there was a graph;
/// then "there is nothing to do" goes without saying.
CheckedJob check_job(LogicalGraph graph, std::vector<Error> errors);

}  // namespace flow::command
