#pragma once

#include "job_shape.hpp"

#include "support/runtime/step_runtime.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow::testing {

/// What a simulated run was like.
struct SimulationOutcome {
  actors::JobState state = actors::JobState::failed;
  std::string error;
  JobShape::Kind kind = JobShape::Kind::windows;
  std::vector<std::string> rows;  ///< Visible at the end, sorted.
  std::vector<std::string> expected;
  std::vector<std::string> letters;  ///< Rows set aside, sorted.
  std::vector<std::string> expected_letters;
  std::size_t failures = 0;  ///< Injected errors.
  std::size_t crashes = 0;   ///< Of the process.
  std::size_t turns = 0;
  std::size_t checkpoints = 0;
  std::size_t expired = 0;      ///< Checkpoints that took too long.
  std::uint64_t late_rows = 0;  ///< In the last life, or read as such in any.
  std::uint64_t trace = 0;      ///< Hash of everything that was observed: equal for equal runs.
};

struct SimulationOptions {
  bool failures = true;
  /// Errors at this point and nothing else; any number of them.
  std::string_view only_at = {};
  bool broken_alignment = false;  ///< Snapshots are taken at the first barrier: must be noticed.
};

/// A whole job, with its shape (job_shape.hpp), its interleaving, its I/O and its failures from
/// `seed`.
SimulationOutcome simulate(std::uint64_t seed, const SimulationOptions& options);

}  // namespace flow::testing
