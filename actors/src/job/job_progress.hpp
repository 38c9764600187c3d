#pragma once

#include "job/wiring.hpp"

#include "flow/actors/runtime.hpp"

#include <chrono>
#include <map>
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
  /// Reads `into`'s elapsed time and state: of a job that is over, rates are those of the whole run
  /// and shares those of its last attempt.
  void add_up(const std::vector<std::optional<SubtaskReport>>& reports,
              std::chrono::nanoseconds now, JobProgress& into);
  /// A subtask, asked by the barrier of `epoch`: what it had done by then.
  void at_barrier(Epoch epoch, SubtaskNumber subtask, const SubtaskReport& report);
  /// Nobody falls back to an epoch before this one.
  void forget_before(Epoch epoch);
  /// Subtasks count from nothing again; the job's counts go on from those of the epoch it fell back
  /// to, if that is one of this run.
  void begin_attempt(std::optional<Epoch> restored);

 private:
  /// What was done once and for all by the snapshot of an epoch.
  struct Counts {
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bad_rows = 0;
  };
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

  void add(const WiredSubtask& subtask, const SubtaskReport& report,
           std::vector<Counts>& into) const;

  const Wiring& wiring_;
  std::vector<NodeProgress> empty_;         // names and kinds
  std::vector<std::vector<Place>> places_;  // [chain][link]
  std::vector<Counts> base_;                // by node: of earlier attempts
  std::map<Epoch, std::vector<Counts>> at_barriers_;
  std::optional<Sample> last_;
  std::vector<NodeProgress> last_rates_;
};

}  // namespace flow::actors
