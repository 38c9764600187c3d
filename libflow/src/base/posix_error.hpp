#pragma once

#include "flow/base/error.hpp"

#include <string_view>

namespace flow {

/// Translates an errno of a call on `path`: "cannot <verb> '<path>'". Thread: value.
Error posix_error(int error_number, std::string_view verb, std::string_view path);

}  // namespace flow
