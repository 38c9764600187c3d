#include "support/flowctl.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace flow::testing {

std::string flowctl_path() {
  const char* path =
      std::getenv("FLOW_FLOWCTL");  // NOLINT(concurrency-mt-unsafe): tests read it from one thread
  if (path == nullptr)
    throw std::runtime_error("FLOW_FLOWCTL is not set: run this test through ctest");
  return path;
}

Exit flowctl(std::vector<std::string> arguments,
             const std::map<std::string, std::string>& environment,
             std::chrono::milliseconds deadline) {
  arguments.insert(arguments.begin(), flowctl_path());
  return run_process(arguments, environment, deadline);
}

std::vector<std::string> without_privileges(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  std::vector<std::string> whole{"setpriv", "--bounding-set=-all", "--inh-caps=-all"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

std::vector<std::string> output_lines(const std::string& directory, const std::string& prefix) {
  std::vector<std::string> lines;
  if (!std::filesystem::exists(directory)) return lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    const auto name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.starts_with(".") || !name.starts_with(prefix)) continue;
    std::ifstream file{entry.path()};
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace flow::testing
