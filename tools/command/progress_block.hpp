#pragma once

#include "flow/actors/runtime.hpp"

#include <string>

namespace flow::command {

/// Draws a job's progress on a terminal, in place.
///
/// Owner: the run command.   Thread: actor-confined (the main thread).
class ProgressBlock {
 public:
  ProgressBlock(std::uint32_t steps, std::uint32_t parallelism)
      : steps_{steps}, parallelism_{parallelism} {}

  /// The characters that replace the block drawn before.
  std::string redraw(const actors::JobProgress& progress);
  /// Takes the block off the screen.
  std::string erase();

 private:
  std::uint32_t steps_;
  std::uint32_t parallelism_;
  std::size_t lines_ = 0;  ///< Drawn last.
};

/// `done in 1.33 s · 3,201,442 in · 18,204 out · 0 errors · out/delays-0-0.ndjson (2.1 MB)` and a
/// newline.
std::string summary_line(const actors::JobResult& result);

}  // namespace flow::command
