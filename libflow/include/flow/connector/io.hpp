#pragma once

#include "flow/base/clock.hpp"
#include "flow/base/failure_points.hpp"
#include "flow/base/file_system.hpp"
#include "flow/base/ids.hpp"
#include "flow/base/log.hpp"
#include "flow/record/buffer.hpp"

#include <functional>

namespace flow {

/// Runs blocking work elsewhere and brings the result home.
///
/// `work` runs on an I/O thread, `done` afterwards on the owner's thread (the SUBTASK), in order of
/// completion. After cancel_all() no `done` runs any more; `work` that has begun runs to its end,
/// so it may touch only what it shares ownership of. The simulation runs both at simulated times.
///
/// Owner: one SUBTASK attempt.   Thread: submit from the owner only.
class IoExecutor {
 public:
  virtual ~IoExecutor() = default;
  virtual void submit(std::function<void()> work, std::function<void()> done) = 0;
};

/// The outside world of a connector, injected. Outlives the connector.
struct ConnectorContext {
  FileSystem& files;
  IoExecutor& io;
  const Clock& clock;
  Log& log;
  FailurePoints& failure_points;
  SlabPool& pool;  ///< Of the owning SUBTASK; never used inside `work`.
  SubtaskIndex subtask;
  std::uint32_t parallelism = 1;
  Attempt attempt;
  std::string node;  ///< Name of the source or sink in the topology.
  std::string job;
  std::string lineage;  ///< Id of the logical run; kept across restarts, new after a finished run.
  /// Called (on the owner's thread) when poll() or write() can go on.
  std::function<void()> wake;
  /// Whether this or a later process may go on with the run from a snapshot. If not, what it left
  /// unfinished is nobody's once the process is gone.
  bool resumable = true;
};

}  // namespace flow
