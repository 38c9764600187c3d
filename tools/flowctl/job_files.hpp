#pragma once

#include "command/world.hpp"

#include "flow/config/topology.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow::flowctl {

/// What every command about a topology takes on its command line.
struct JobArguments {
  std::vector<std::string> files;
  std::vector<std::string> set;  ///< `NAME=VALUE`
  std::optional<std::uint32_t> parallelism;
};

/// A job that could be read; texts are kept so that errors can show the line.
struct LoadedJob {
  std::vector<ConfigText> texts;
  Topology topology;
  std::optional<ValidatedGraph> graph;  ///< Present if there are no errors.
  std::vector<Error> errors;
  std::vector<Error> warnings;

  /// The text of the file an error points into; empty if there is none.
  [[nodiscard]] std::string_view text_of(const Error& error) const;
};

/// Reads, loads and validates; every error of every stage is collected.
LoadedJob load_job(const JobArguments& arguments, command::World& world);
Result<ExecutionPlan> plan_job(const LoadedJob& job, const JobArguments& arguments);

/// Prints the errors to stderr, each with its line, or as JSON lines; returns the exit code of the
/// first.
int report(const LoadedJob& job, bool json);

}  // namespace flow::flowctl
