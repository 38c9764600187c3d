#pragma once

#include "flow/base/clock.hpp"
#include "flow/base/failure_points.hpp"
#include "flow/base/file_system.hpp"
#include "flow/base/log.hpp"
#include "flow/connector/registry.hpp"

#include <memory>
#include <string>
#include <vector>

namespace flow::command {

/// What the program is made of: the machine's clock and files, the connectors it was built with.
///
/// Owner: main().   Thread: startup, then thread-safe parts.
struct World {
  SystemClock clock;
  std::unique_ptr<FileSystem> files;
  LogLevel log_level = LogLevel::warn;
  std::unique_ptr<Log> log;
  std::unique_ptr<FailurePoints> failure_points;
  ConnectorRegistry connectors;
};

/// Reads FLOW_LOG (trace … off, default warn) and FLOW_FAILURE_POINTS. Errors: bad_argument.
Result<std::unique_ptr<World>> make_world();

}  // namespace flow::command
