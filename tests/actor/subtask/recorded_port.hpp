#pragma once

#include "subtask/subtask_port.hpp"

#include <utility>
#include <vector>

namespace flow::testing {

/// What a subtask said to others.
///
/// Owner: a test.   Thread: the test's.
class RecordedPort final : public actors::SubtaskPort {
 public:
  void send_frame(std::uint32_t, actors::ChannelFrame frame) override {
    sent.push_back(std::move(frame));
  }
  void send_credit(std::uint32_t, std::uint64_t) override {}
  void request_split() override {}
  void report_split_done(SplitDone) override {}
  void report_ended() override {}
  void report_barrier(Epoch, actors::SubtaskReport) override {}
  void acknowledge(Epoch epoch, SubtaskSnapshot) override { acknowledged.push_back(epoch); }
  void decline(Epoch epoch, Error) override { declined.push_back(epoch); }
  void report_committed(Epoch epoch) override { committed.push_back(epoch); }
  void step_soon() override {}
  void step_at(std::chrono::nanoseconds) override {}

  std::vector<actors::ChannelFrame> sent;
  std::vector<Epoch> acknowledged;
  std::vector<Epoch> declined;
  std::vector<Epoch> committed;
};

}  // namespace flow::testing
