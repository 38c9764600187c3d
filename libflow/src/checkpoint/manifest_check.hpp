#pragma once

#include "flow/checkpoint/manifest.hpp"

#include <optional>
#include <string>

namespace flow {

/// Says what makes no sense in a manifest; nothing if it is sound. Thread: value.
std::optional<std::string> find_nonsense(const Manifest& manifest);

}  // namespace flow
