#pragma once

#include "flow/base/error.hpp"

#include <string_view>

namespace flow::command {

/// Prints an error to stderr, in the manual's form or as a JSON line; returns the exit code.
int report(const Error& error, bool json = false, std::string_view source_text = {});

}  // namespace flow::command
