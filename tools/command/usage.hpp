#pragma once

#include <CLI/CLI.hpp>

namespace flow::command {

/// Answers a command line that was not taken: help and version go to standard output, everything
/// else is an error with a code, like any other. Returns the exit code.
int report_usage(const CLI::App& app, const CLI::ParseError& problem);

}  // namespace flow::command
