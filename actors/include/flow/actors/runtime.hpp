#pragma once

#include "flow/actors/options.hpp"
#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/graph/execution_plan.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// Where a job is in its life. `finished`, `stopped`, `failed` and `cancelled` are final.
enum class JobState : std::uint8_t {
  created,  ///< Accepted; taking over its snapshots, listing splits, restoring.
  running,
  restarting,  ///< An attempt failed; the next one is due.
  stopping,    ///< Sources have stopped, the last checkpoint and commit are under way.
  finished,    ///< All input was read and everything is committed.
  stopped,     ///< Stopped on request; goes on from its last snapshot if run again.
  failed,
  cancelled,  ///< Ended on request without a last checkpoint.
};
[[nodiscard]] std::string_view to_string(JobState state) noexcept;
[[nodiscard]] constexpr bool is_final(JobState state) noexcept {
  return state >= JobState::finished;
}

/// One node of the topology, summed over its subtasks. Counts are since the start of the run; when
/// an attempt fails they step back to the last checkpoint, because what came after is done again.
struct NodeProgress {
  enum class Kind : std::uint8_t { source, step, sink };
  std::string name;
  Kind kind = Kind::step;
  std::uint32_t subtasks = 0;
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  /// Since the previous progress() call, at least 200 ms; of a job that is over: of the whole run.
  double rows_in_per_second = 0;
  double rows_out_per_second = 0;
  std::uint64_t bytes = 0;      ///< Read from or written to the outside.
  std::uint64_t late_rows = 0;  ///< Since the job first started: snapshots hold it.
  std::uint64_t bad_rows = 0;   ///< Skipped or dead-lettered.
  std::uint64_t state_bytes = 0;
  EventTime watermark = EventTime::min();  ///< min(): none yet; max(): ended.
  /// Shares of time of the chain the node runs in since the previous progress() call, 0 … 1; of a
  /// job that is over: of its last attempt.
  double busy = 0;
  double idle = 0;
  double backpressured = 0;
  bool operator==(const NodeProgress&) const = default;
};

struct CheckpointProgress {
  bool enabled = false;
  Epoch last_epoch;                ///< Last complete one; 0 = none yet.
  std::optional<Micros> last_age;  ///< Since it completed.
  Micros last_duration{};          ///< From trigger to durable manifest.
  std::uint64_t last_bytes = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  ///< Declined, failed or expired; they never harm the job.
  std::optional<Error> last_failure;
};

/// What there is to know about a job at one moment.
struct JobProgress {
  std::string job;
  JobState state = JobState::created;
  Attempt attempt;
  Epoch resumed_from;  ///< 0: started without a snapshot.
  Micros elapsed{};
  std::uint32_t restarts = 0;
  std::optional<Error> last_failure;  ///< First cause of the last failed attempt.
  std::uint64_t rows_in = 0;          ///< Over all sources.
  std::uint64_t rows_out = 0;         ///< Over all sinks.
  std::uint64_t late_rows = 0;
  std::uint64_t bad_rows = 0;
  std::uint64_t dropped_messages = 0;  ///< Of other attempts.
  std::vector<NodeProgress> nodes;     ///< In the plan's order.
  CheckpointProgress checkpoints;
};

struct JobResult {
  JobState state = JobState::failed;
  std::optional<Error> error;  ///< If failed: the first cause.
  JobProgress progress;
  std::vector<std::string> summaries;  ///< Of the sinks: `out/delays-0-0.ndjson (2.1 MB)`.
  std::vector<Error> warnings;  ///< e.g. a file that could not be removed after the last commit.
};

/// Something that happened, for logs and for people. Sent as it happens, in order.
struct JobEvent {
  enum class Kind : std::uint8_t {
    resumed,         ///< `epoch`: goes on from this snapshot.
    state_changed,   ///< `state`.
    attempt_failed,  ///< `error`: first cause; `delay` until the next attempt (if there is one).
    checkpoint_completed,  ///< `epoch`.
    checkpoint_failed,     ///< `epoch`, `error`.
  };
  Kind kind = Kind::state_changed;
  JobState state = JobState::created;
  Attempt attempt{};
  Epoch epoch{};
  Micros delay{};
  std::optional<Error> error{};
};
/// Called on a runtime thread, one call at a time per job; must not block.
using JobObserver = std::function<void(const JobEvent&)>;

/// A running job. Copies refer to the same job; dropping all of them does not end it.
///
/// Thread: thread-safe; wait_for and progress may wait.
class JobHandle {
 public:
  struct Impl;
  explicit JobHandle(std::shared_ptr<Impl> impl);

  [[nodiscard]] const std::string& name() const noexcept;
  /// The result, or nullopt if the job has not ended within `deadline`.
  [[nodiscard]] std::optional<JobResult> wait_for(std::chrono::milliseconds deadline) const;
  /// Stops reading, takes a last checkpoint, commits, ends as `stopped`. A job that reaches its end
  /// meanwhile ends as `finished`. Calling it again changes nothing.
  void stop();
  /// Ends at once, without a checkpoint; what was not committed is not committed.
  void cancel();
  /// Asks the subtasks; after the end it is the last known. Errors: deadline_exceeded.
  [[nodiscard]] Result<JobProgress> progress(
      std::chrono::milliseconds deadline = std::chrono::milliseconds{1'000}) const;

 private:
  std::shared_ptr<Impl> impl_;
};

/// Runs jobs in this process: the NODE, its scheduler threads and its I/O threads.
///
/// The destructor cancels what still runs and waits for it (bounded by lifecycle_timeout). One
/// runtime hosts any number of jobs; a job name runs at most once at a time.
///
/// Owner: main().   Thread: thread-safe after start().
class Runtime {
 public:
  /// Errors: runtime_start_failed.
  static Result<std::unique_ptr<Runtime>> start(const RuntimeOptions& options,
                                                const RuntimeWorld& world);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Starts the job and returns at once; what goes wrong later is in the result. Goes on from the
  /// last snapshot in the plan's checkpoint directory unless `options` or a finished run say
  /// otherwise.
  JobHandle run(ExecutionPlan plan, RunOptions options = {}, JobObserver observer = {});

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flow::actors
