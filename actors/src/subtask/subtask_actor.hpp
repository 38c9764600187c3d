#pragma once

#include "guest/guest_host.hpp"
#include "io/actor_io.hpp"
#include "seam/messages.hpp"
#include "subtask/subtask.hpp"

#include <memory>
#include <optional>

namespace flow::actors {

/// The SUBTASK actor: mailbox and timers around one Subtask.
///
/// Actors of the user's in its chain end with it: it is not over before they are.
///
/// An error, or an exception of whatever it calls, is told to the SUPERVISOR once; from then on it
/// does nothing and waits for its end.
class SubtaskActor final : public Actor, private SubtaskPort {
 public:
  SubtaskActor(caf::actor_config& config, SubtaskSetup setup, std::shared_ptr<IoPool> pool);
  void on_exit() override;

 protected:
  Behavior handlers() override;
  void on_down(ActorId who, const caf::error& reason) override;
  void on_exit_request() override;

 private:
  /// Runs `body` unless the attempt is another's or the subtask has failed; what it returns or
  /// throws ends here.
  template <class Body>
  void guarded(Attempt attempt, Body&& body);
  void fail(Error error);
  void on_connect(ConnectMsg& message);
  Status on_wire_frame(const WireFrameMsg& message);

  void send_frame(std::uint32_t output, ChannelFrame frame) override;
  void send_credit(std::uint32_t input, std::uint64_t granted) override;
  void request_split() override;
  void report_split_done(SplitDone split) override;
  void report_ended() override;
  void report_barrier(Epoch epoch, SubtaskReport report) override;
  void acknowledge(Epoch epoch, SubtaskSnapshot snapshot) override;
  void decline(Epoch epoch, Error error) override;
  void report_committed(Epoch epoch) override;
  void step_soon() override;
  void step_at(std::chrono::nanoseconds when) override;

  std::shared_ptr<IoPool> pool_;
  SubtaskSetup setup_;
  Attempt attempt_;
  SubtaskNumber number_;
  std::shared_ptr<ActorIo> io_;
  GuestHost guests_;
  std::shared_ptr<Subtask> subtask_;
  ConnectMsg who_;
  bool failed_ = false;
  bool ending_ = false;  // waits for its guests
  bool step_sent_ = false;
  std::uint64_t dropped_ = 0;
  std::optional<std::chrono::nanoseconds> timer_at_;
  std::uint64_t timer_generation_ = 0;
};

}  // namespace flow::actors
