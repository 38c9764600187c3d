#pragma once

#include "subtask/subtask.hpp"

#include "flow/actors/options.hpp"
#include "flow/actors/runtime.hpp"
#include "flow/checkpoint/publishing.hpp"
#include "flow/graph/execution_plan.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace flow::actors {

/// What an attempt begins with.
struct AttemptStart {
  Attempt attempt;
  Epoch next_epoch{1};
  std::shared_ptr<const RestorePoint> restore;
  std::string lineage;
};

/// The blocking half of starting a job: its store, the fence, the last manifest, the outside of its
/// sinks. The JOB calls it on an I/O thread, once per attempt, one at a time.
///
/// Owner: the JOB, shared with its I/O jobs.   Thread: blocking, one caller at a time; release()
/// may come meanwhile.
class JobStart {
 public:
  JobStart(std::shared_ptr<const ExecutionPlan> plan, RunOptions options, const RuntimeWorld& world,
           std::uint64_t seed);

  /// The first call that succeeds has locked the job's directory, looked at what `options` say and
  /// let each sink look outside; later calls go on from the last manifest of this run. Errors:
  /// locked, fenced, snapshot_*, what a sink finds outside; cancelled once the job has been
  /// released.
  Result<AttemptStart> begin_attempt();
  /// After the last commit: each sink is finished. Again after an error.
  Status finish_sinks(const AttemptStart& attempt);
  /// After finish_sinks(), once: the next run will begin afresh. After an error that may be
  /// recorded or not; if not, the next run goes on from the last checkpoint, has nothing to read
  /// and ends.
  Status record_end(const AttemptStart& attempt, Epoch last_epoch);
  [[nodiscard]] const std::shared_ptr<SnapshotStore>& store() const noexcept { return store_; }
  /// What every manifest of the attempt says.
  [[nodiscard]] Manifest outline(const AttemptStart& attempt) const;
  /// Lets other processes at the directory and at the outside of sinks: now, or when the call that
  /// is under way has come to its end. No later call does anything to it.   Thread: any.
  void release();

 private:
  class Use;
  Result<AttemptStart> prepare_attempt();
  /// Gives the lock away and lets sinks go of the outside. Called with the mutex held.
  std::unique_ptr<FileLock> let_go();
  /// Errors: cancelled once the job has been released.
  Status check_held();
  Result<std::shared_ptr<const RestorePoint>> look_for_restore_point(std::optional<Manifest> last);
  Status check_fits(const Manifest& manifest) const;
  /// The error for a snapshot that the job cannot go on from.
  Error misfit(Errc code, std::string cause) const;
  std::string changes_since(const Manifest& manifest) const;
  Status check_outside(bool fresh) const;

  std::shared_ptr<const ExecutionPlan> plan_;
  RunOptions options_;
  RuntimeWorld world_;
  Random random_;
  std::shared_ptr<SnapshotStore> store_;
  bool locked_ = false;

  std::mutex mutex_;                // guards the next three
  std::unique_ptr<FileLock> lock_;  // of the directory
  bool released_ = false;
  bool in_use_ = false;  // a call is under way, which may still write: the lock outlives it

  std::string lineage_;
  std::string plan_json_;
  std::uint64_t plan_fingerprint_ = 0;
  std::uint32_t attempts_ = 0;        // that were tried
  bool begun_ = false;                // one of them has been given out
  std::optional<Epoch> first_epoch_;  // that this run may have written a manifest of
};

}  // namespace flow::actors
