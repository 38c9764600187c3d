#pragma once

#include "support/process.hpp"

#include <map>
#include <string>
#include <vector>

namespace flow::testing {

/// The flowctl of this build (FLOW_FLOWCTL, set by ctest).
std::string flowctl_path();

/// `flowctl ARGUMENTS` to its end.
Exit flowctl(std::vector<std::string> arguments,
             const std::map<std::string, std::string>& environment = {},
             std::chrono::milliseconds deadline = std::chrono::minutes{3});

/// All lines of the visible files below `directory` whose path begins with `prefix`, sorted. Hidden
/// files (pending parts, markers) are not output.
std::vector<std::string> output_lines(const std::string& directory, const std::string& prefix = {});

}  // namespace flow::testing
