#pragma once

#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
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
  std::vector<std::string> rows;  ///< Visible at the end, sorted.
  std::size_t failures = 0;       ///< Injected errors.
  std::size_t crashes = 0;        ///< Of the process.
  std::size_t turns = 0;
  std::size_t checkpoints = 0;
  std::uint64_t late_rows = 0;
  std::uint64_t trace = 0;  ///< Hash of everything that was observed: equal for equal runs.
};

struct SimulationOptions {
  bool failures = true;
  /// Errors at this point and nothing else; any number of them.
  std::string_view only_at = {};
  bool broken_alignment = false;  ///< Snapshots are taken at the first barrier: must be noticed.
};

/// A whole job (generated rows → exchange → keyed windows → two-phase sink), with its shape, its
/// interleaving, its I/O and its failures from `seed`.
SimulationOutcome simulate(std::uint64_t seed, const SimulationOptions& options);

}  // namespace flow::testing
