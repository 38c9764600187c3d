#pragma once

#include "flow/actors/runtime.hpp"
#include "flow/base/error.hpp"
#include "flow/base/log.hpp"

#include <string>

namespace flow::command {

/// `{"error": {...}}` and a newline: what --json prints for an error.
std::string json_line(const Error& error);
/// One line of the log as an object, and a newline.
std::string json_line(LogLevel level, EventTime time, std::string_view message);
/// One progress object and a newline.
std::string json_line(const actors::JobProgress& progress);
/// The final object of a run and a newline.
std::string json_line(const actors::JobResult& result);

}  // namespace flow::command
