#pragma once

#include "flow/base/random.hpp"
#include "flow/graph/execution_plan.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/simulated_file_system.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// Everything outside a job that outlives its processes.
struct SimulatedOutside {
  explicit SimulatedOutside(std::uint64_t seed) : files{seed} {}
  SimulatedFileSystem files;
  Ledger out;
  Ledger letters;  ///< Rows that could not be read.
  Ledger late;     ///< Rows that came too late; where the shape reads them.
};

/// A job as a seed drew it, and what it should deliver.
struct JobShape {
  enum class Kind : std::uint8_t {
    windows,       ///< One phase: its late rows are read, and there are none.
    two_phases,    ///< Local and global windows.
    largest,       ///< Hopping windows, then the largest of each.
    both,          ///< Two sources into one window.
    dead_letters,  ///< Some rows have no time.
    files,         ///< From files into files; what is not synced is lost in a crash.
  };
  /// The ledger takes nothing between two turns.
  struct Frost {
    std::size_t first_turn = 0;
    std::size_t last_turn = 0;
  };
  Kind kind = Kind::windows;
  ExecutionPlan plan;
  std::vector<std::string> rows;     ///< Expected, sorted.
  std::vector<std::string> letters;  ///< Expected, sorted: the rows' numbers.
  std::optional<Frost> frost;
};

/// Draws a job; writes its input, if it has files.
JobShape draw_shape(Random& random, SimulatedOutside& outside);

/// What can be seen outside, as JobShape has it.
std::vector<std::string> visible_rows(const JobShape& shape, SimulatedOutside& outside);
std::vector<std::string> visible_letters(SimulatedOutside& outside);

}  // namespace flow::testing
