#pragma once

#include "signals.hpp"
#include "world.hpp"

#include "flow/graph/execution_plan.hpp"

#include <optional>
#include <string>

namespace flow::command {

/// How a run is asked for: the flags that `flowctl run` and embedded jobs share.
struct RunArguments {
  bool json = false;
  bool fresh = false;
  std::optional<std::string> from;
  std::string duration;      ///< As typed; empty = no limit.
  bool wire_always = false;  ///< Undocumented: for tests.
};

/// Runs a job in this process until it ends, SIGINT or SIGTERM stops it (a second one ends the
/// process within a second) or its time is over. Progress, events and errors go to stderr. Returns
/// the exit code.
int run_plan(ExecutionPlan plan, const RunArguments& arguments, World& world, Signals& signals);

}  // namespace flow::command
