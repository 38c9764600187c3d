#pragma once

#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <functional>
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

/// FLOW_KILLS: how many kills at random moments; from 100 on, proofs run at full size.
int kills();

/// Kills runs of `job` at random moments, FLOW_KILLS times in all and some runs several times in a
/// row, lets each go on to its end, and compares what `result` makes of it with `expected`.
void kill_at_random(const KilledJob& job, const std::vector<std::string>& expected,
                    const std::function<std::vector<std::string>(const std::string& run)>& result);

}  // namespace flow::testing
