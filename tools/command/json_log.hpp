#pragma once

#include "flow/base/log.hpp"

#include <memory>

namespace flow::command {

/// Writes to stderr, one object a line, for whoever reads the progress objects between them:
/// `{"event":"log","level":"warning","time":"2026-01-31T09:00:00.123456Z","message":"…"}`.
std::unique_ptr<Log> make_json_log(LogLevel level);

}  // namespace flow::command
