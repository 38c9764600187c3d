#pragma once

#include "flow/connector/io.hpp"
#include "support/manual_clock.hpp"
#include "support/manual_io.hpp"

#include <memory>
#include <string>

namespace flow::testing {

/// What a connector gets from the outside, under a test's control.
///
/// Owner: the test; outlives the connectors.   Thread: actor-confined.
class ConnectorWorld {
 public:
  explicit ConnectorWorld(FileSystem& files) : files_{files} {}
  ConnectorWorld(FileSystem& files, std::uint64_t seed) : io{seed}, files_{files} {}

  [[nodiscard]] ConnectorContext context(std::uint32_t subtask = 0, std::uint32_t attempt = 1) {
    return {files_,
            io,
            clock,
            *log_,
            *points,
            *pool_,
            {subtask},
            1,
            {attempt},
            "node",
            job,
            lineage,
            [this] { ++wakes; },
            resumable};
  }

  ManualIo io;
  ManualClock clock;
  std::string job = "job";
  std::string lineage = "a1";
  bool resumable = true;
  std::unique_ptr<FailurePoints> points = make_no_failure_points();
  std::uint64_t wakes = 0;

 private:
  FileSystem& files_;
  std::unique_ptr<Log> log_ = make_null_log();
  PoolHandle pool_ = SlabPool::make();
};

}  // namespace flow::testing
