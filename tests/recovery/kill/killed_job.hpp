#pragma once

#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <cstdlib>
#include <string>
#include <vector>

namespace flow::testing {

/// A job that is run several times, each run with output and state of its own. Its topology is
/// written by the class that derives from it.
class KilledJob {
 public:
  [[nodiscard]] std::vector<std::string> command(const std::string& run) const {
    return {flowctl_path(), "run",
            topology_,      "--json",
            "--set",        "OUT=" + (dir_ / (run + "/out")).string(),
            "--set",        "STATE=" + (dir_ / (run + "/state")).string()};
  }
  [[nodiscard]] std::vector<std::string> output(const std::string& run) const {
    return output_lines((dir_ / (run + "/out")).string());
  }

  /// Runs to the end without being disturbed.
  void finish(const std::string& run) const {
    const auto exit = run_process(command(run), {}, std::chrono::minutes{5});
    INFO(exit.err);
    REQUIRE(exit.code == 0);
  }

 protected:
  TempDir dir_;
  std::string topology_;
};

/// How often a test of random kills kills.
inline int kills() {
  const char* text = std::getenv("FLOW_KILLS");  // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr ? 8 : std::atoi(text);
}

}  // namespace flow::testing
