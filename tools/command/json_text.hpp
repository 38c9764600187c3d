#pragma once

#include "flow/actors/runtime.hpp"
#include "flow/base/error.hpp"

#include <string>

namespace flow::command {

/// `{"error": {...}}` and a newline: what --json prints for an error.
std::string json_line(const Error& error);
/// One progress object and a newline.
std::string json_line(const actors::JobProgress& progress);
/// The final object of a run and a newline.
std::string json_line(const actors::JobResult& result);

}  // namespace flow::command
