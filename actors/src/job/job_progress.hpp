#pragma once

#include "job/wiring.hpp"

#include "flow/actors/runtime.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace flow::actors {

/// Adds the subtasks' reports up per node of the topology, and makes rates of two of them.
///
/// Owner: the JOB.   Thread: value.
class ProgressSum {
 public:
  ProgressSum(const ExecutionPlan& plan, const Wiring& wiring);

  /// `reports` by SubtaskNumber; a subtask that has not answered is left out. `now`: monotonic.
  void add_up(const std::vector<std::optional<SubtaskReport>>& reports,
              std::chrono::nanoseconds now, JobProgress& into);
  /// A new attempt counts from the start.
  void reset_rates() { last_.reset(); }

 private:
  struct Sample {
    std::chrono::nanoseconds at{};
    struct Node {
      std::uint64_t rows_in = 0;
      std::uint64_t rows_out = 0;
      std::uint64_t busy_ns = 0;
      std::uint64_t idle_ns = 0;
      std::uint64_t backpressured_ns = 0;
    };
    std::vector<Node> nodes;
  };
  struct Place {
    std::size_t node = 0;
    bool first = false;  // link of its node: counts rows in
    bool last = false;   // counts rows out
  };

  const Wiring& wiring_;
  std::vector<NodeProgress> empty_;         // names and kinds
  std::vector<std::vector<Place>> places_;  // [chain][link]
  std::optional<Sample> last_;
  std::vector<NodeProgress> last_rates_;
};

}  // namespace flow::actors
