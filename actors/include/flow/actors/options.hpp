#pragma once

#include "flow/base/clock.hpp"
#include "flow/base/failure_points.hpp"
#include "flow/base/file_system.hpp"
#include "flow/base/log.hpp"
#include "flow/base/units.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace flow::actors {

/// How batches travel between two SUBTASKs of one process.
enum class WireMode : std::uint8_t {
  automatic,  ///< By pointer where both ends share memory.
  always,     ///< Every message through encode, bytes and strict decode: proves nothing depends on
              ///< shared memory.
};

/// How a runtime is sized. The defaults are right for one job on the machine.
struct RuntimeOptions {
  /// Scheduler threads; 0 = one per core. More than the cores only adds switches.
  std::uint32_t threads = 0;
  /// Threads for blocking work (polls, files, uploads). Raising it lets more files be read at once.
  std::uint32_t io_threads = 4;
  /// Time a SUBTASK works before it looks at its mailbox again: bounds the latency of control
  /// messages and of the other SUBTASKs on the same thread; 100us … 10ms.
  std::chrono::microseconds step_budget{1'000};
  /// Bytes that may wait at the inputs of one SUBTASK (exclusive shares and floating part
  /// together); ≥ 64 KiB. Raising it hides longer stalls and delays barriers.
  ByteCount input_budget = 8_MiB;
  WireMode wire = WireMode::automatic;
  /// Bytes of keyed state a SUBTASK copies out between two steps while a snapshot is taken.
  ByteCount copy_slice = 256_KiB;
  /// Bytes of one snapshot object before it is handed to an I/O thread.
  ByteCount snapshot_chunk = 4_MiB;
  /// An attempt that does not start or stop within this time has failed.
  Micros lifecycle_timeout{60'000'000};
  /// Seed of jitter and of nothing else.
  std::uint64_t seed = 1;
  /// Snapshots are taken at the first barrier instead of the last. The results are then wrong after
  /// a failure: this is what the simulation must be able to notice, and is for nothing else.
  bool break_alignment_for_tests = false;
};

/// The outside world, injected. Everything outlives the runtime, or is kept by `keep`.
struct RuntimeWorld {
  FileSystem& files;
  const Clock& clock;
  Log& log;
  FailurePoints& failure_points;
  /// Held by every actor that can look at the world, for as long as it can.
  std::shared_ptr<void> keep = {};
};

/// How one run of a job begins.
struct RunOptions {
  /// Start without the last snapshot; the job's earlier snapshots are left alone until the first
  /// new one.
  bool fresh = false;
  /// Manifest (path) to restore instead of the last one of the job's own directory.
  std::optional<std::string> from_snapshot;
};

}  // namespace flow::actors
