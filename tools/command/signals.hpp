#pragma once

namespace flow::command {

/// Blocks SIGINT and SIGTERM in this thread and in those it starts, so that they wait for take().
/// SIGPIPE is ignored: a closed pipe is an error of the sink that writes to it.
///
/// Owner: main(), before any thread starts.   Thread: startup; take() on the main thread.
class Signals {
 public:
  Signals();
  /// True once for each SIGINT or SIGTERM that has arrived; never waits.
  bool take();
};

}  // namespace flow::command
