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

/// The command as one who may not do everything: the super-user runs it without capabilities, so
/// that the modes of files hold for it too.
std::vector<std::string> without_privileges(std::vector<std::string> command);

/// All lines of the visible files below `directory` whose path begins with `prefix`, sorted. Hidden
/// files (pending parts, markers) are not output.
std::vector<std::string> output_lines(const std::string& directory, const std::string& prefix = {});

}  // namespace flow::testing
