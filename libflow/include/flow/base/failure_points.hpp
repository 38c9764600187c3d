#pragma once

#include "flow/base/error.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace flow {

/// Lets a test crash, fail or delay at a named step of a protocol.
///
/// Production code calls `hit("checkpoint.before_manifest")` at each step and obeys the Status; the
/// default implementation is a no-op. Names are stable and listed in docs; a test that kills at
/// every point takes them from failure_points().
///
/// Thread: thread-safe.
class FailurePoints {
 public:
  virtual ~FailurePoints() = default;
  /// Returns ok, returns an injected error, or does not return (the process dies).
  virtual Status hit(std::string_view point) = 0;
};

/// A step of a protocol at which a test can interfere.
struct FailurePoint {
  std::string_view name;
  std::string_view where;  ///< What has happened when it is hit.
};

/// Every failure point of the engine, in the order of libflow/src/base/failure_points.def.
std::span<const FailurePoint> failure_points();

std::unique_ptr<FailurePoints> make_no_failure_points();

/// `name=crash[@n]`, `name=error[@n]`, `name=delay:50ms[@n]`, comma separated; acts on the n-th hit
/// (default 1). Read by flowctl from FLOW_FAILURE_POINTS for kill tests. A crash is SIGKILL to the
/// own process; a delay blocks the calling thread. Errors: bad_argument, also for an unknown name.
Result<std::unique_ptr<FailurePoints>> parse_failure_points(std::string_view text);

}  // namespace flow
