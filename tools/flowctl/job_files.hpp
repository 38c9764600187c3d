#pragma once

#include "command/checked_job.hpp"
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

/// A job that was read; texts are kept so that errors can show the line.
struct LoadedJob : command::CheckedJob {
  std::vector<ConfigText> texts;
  Topology topology;  ///< Without the graph, which is checked.

  /// The text of the file an error points into; empty if there is none.
  [[nodiscard]] std::string_view text_of(const Error& error) const;
};

/// Reads, loads and validates; every error of every stage is collected.
LoadedJob load_job(const JobArguments& arguments, command::World& world);
/// The same for texts that are at hand.
LoadedJob load_texts(std::vector<ConfigText> texts, const Variables& variables,
                     command::World& world);
Result<ExecutionPlan> plan_job(const LoadedJob& job, const JobArguments& arguments);

/// Prints the errors to stderr, each with its line, or as JSON lines; returns the exit code of the
/// first.
int report(const LoadedJob& job, bool json);

}  // namespace flow::flowctl
