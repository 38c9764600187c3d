#pragma once

#include "flow/actors/protocol.hpp"
#include "flow/checkpoint/pending_checkpoints.hpp"

#include <chrono>
#include <cstdint>

namespace flow::actors {

/// What a SUBTASK says to others. The actor is one implementation, tests have another.
///
/// Thread: actor-confined.
class SubtaskPort {
 public:
  virtual ~SubtaskPort() = default;
  virtual void send_frame(std::uint32_t output, ChannelFrame frame) = 0;
  virtual void send_credit(std::uint32_t input, std::uint64_t granted) = 0;
  virtual void request_split() = 0;
  virtual void report_split_done(SplitDone split) = 0;
  virtual void report_ended() = 0;
  virtual void report_barrier(Epoch epoch, SubtaskReport report) = 0;
  virtual void acknowledge(Epoch epoch, SubtaskSnapshot snapshot) = 0;
  virtual void decline(Epoch epoch, Error error) = 0;
  virtual void report_committed(Epoch epoch) = 0;
  /// Calls Subtask::step() soon, once for any number of requests.
  virtual void step_soon() = 0;
  /// Calls Subtask::step() at this time of the monotonic clock or a little later.
  virtual void step_at(std::chrono::nanoseconds when) = 0;
};

}  // namespace flow::actors
