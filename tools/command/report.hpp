#pragma once

#include "flow/base/error.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace flow::command {

/// Prints an error to stderr, in the manual's form or as a JSON line; returns the exit code.
int report(const Error& error, bool json = false, std::string_view source_text = {});
/// The same for all that is wrong; the exit code of the first. `text_of`: the text of the file an
/// error points into.
int report(const std::vector<Error>& errors, bool json,
           const std::function<std::string_view(const Error&)>& text_of = {});

}  // namespace flow::command
