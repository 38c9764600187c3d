#pragma once

#include "run_plan.hpp"

#include <CLI/CLI.hpp>

namespace flow::command {

/// The flags of a run, for `flowctl run` and for jobs written in C++.
inline void add_run_options(CLI::App& app, RunArguments& arguments) {
  app.add_flag("--json", arguments.json, "progress as JSON lines on stderr, also on a terminal");
  app.add_flag("--fresh", arguments.fresh, "start anew, do not go on from the last snapshot");
  app.add_option("--from", arguments.from, "go on from this snapshot")->type_name("SNAPSHOT");
  app.add_option("--duration", arguments.duration, "stop (and commit) after this time")
      ->type_name("30s");
  app.add_flag("--wire-always", arguments.wire_always)->group("");
}

}  // namespace flow::command
