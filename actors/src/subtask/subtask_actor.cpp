#include "subtask/subtask_actor.hpp"

#include "subtask/frame_codec.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace flow::actors {
namespace {

// How long an actor of the user's may take to end by itself.
constexpr std::chrono::seconds kGrace{5};

}  // namespace

SubtaskActor::SubtaskActor(caf::actor_config& config, SubtaskSetup setup,
                           std::shared_ptr<IoPool> pool)
    : Actor{config, "subtask", setup.world.log},
      pool_{std::move(pool)},
      setup_{std::move(setup)},
      attempt_{setup_.attempt},
      number_{setup_.wired.id},
      guests_{*this, [this](const std::string& step) {
                guarded(attempt_, [&]() -> Status {
                  subtask_->on_outside(step);
                  return {};
                });
              }} {
  setup_.host = &guests_;
  // A message may be a step, and a step takes about a millisecond.
  messages_per_turn_ = kMessagesPerTurn;
}

void SubtaskActor::on_exit_request() {
  if (guests_.empty()) {
    Actor::on_exit_request();
    return;
  }
  if (ending_) return;
  ending_ = true;
  failed_ = true;  // nothing more is done
  guests_.for_each_own([this](const Address& guest) { exit_now(guest); });
  tell_self_after(kGrace, EndGuestsMsg{});
}

void SubtaskActor::on_down(ActorId who, const caf::error& reason) {
  auto error = guests_.on_down(who, reason);
  if (!error) return;
  if (!ending_)
    fail(*std::move(error));
  else if (guests_.empty())
    Actor::on_exit_request();
}

void SubtaskActor::on_exit() {
  guests_.for_each_own([this](const Address& guest) { kill(guest); });
  if (io_) io_->cancel_all();
  subtask_.reset();
  io_.reset();
  pool_.reset();
  who_ = {};
  setup_.restore.reset();
  setup_.store.reset();
}

template <class Body>
void SubtaskActor::guarded(Attempt attempt, Body&& body) {
  if (attempt != attempt_) {
    ++dropped_;
    return;
  }
  if (failed_ || !subtask_) return;
  try {
    if (Status status = body(); !status) fail(std::move(status).error());
  } catch (const std::exception& e) {
    fail(Error{Errc::internal, "exception in a subtask"}.with_cause(e.what()));
  } catch (...) {
    fail(Error{Errc::internal, "exception of an unknown type in a subtask"});
  }
}

void SubtaskActor::fail(Error error) {
  if (failed_) return;
  failed_ = true;
  const auto& chain = setup_.plan->chains[setup_.wired.chain];
  const auto who = "'" + chain.name + "' subtask " + std::to_string(setup_.wired.index.value) +
                   "/" + std::to_string(chain.parallelism);
  tell_urgently(who_.supervisor,
                FailedMsg{attempt_, who, std::move(error).with_context("subtask " + who)});
}

Behavior SubtaskActor::handlers() {
  return {
      [this](ConnectMsg& m) { on_connect(m); },
      [this](FrameMsg& m) {
        guarded(m.attempt, [&] { return subtask_->on_frame(std::move(m.frame)); });
      },
      [this](WireFrameMsg& m) { guarded(m.attempt, [&] { return on_wire_frame(m); }); },
      [this](CreditMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->on_credit(m.channel, m.granted);
          return {};
        });
      },
      [this](StepMsg&) {
        step_sent_ = false;
        guarded(attempt_, [&] { return subtask_->step(); });
      },
      [this](EndGuestsMsg&) {
        guests_.for_each_own([this](const Address& guest) { kill(guest); });
      },
      [this](TimerMsg& m) {
        if (m.generation != timer_generation_) return;
        timer_at_.reset();
        step_soon();
      },
      [this](IoDone& m) { guarded(attempt_, [&] { return io_->finish(m); }); },
      [this](RecoverMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          FLOW_TRY(setup_.world.failure_points.hit("recover.before"));
          subtask_->recover(m, [this](Status status) {
            if (!status)
              fail(std::move(status).error());
            else
              tell_urgently(who_.job, RecoveredMsg{attempt_, number_});
          });
          return {};
        });
      },
      [this](GoMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->go();
          return {};
        });
      },
      [this](TriggerMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->on_trigger(m.epoch, m.kind);
          return {};
        });
      },
      [this](AbortMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->on_abort(m.epoch, m.kind);
          return {};
        });
      },
      [this](CommitMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->on_commit(m.epoch);
          return {};
        });
      },
      [this](SplitsMsg& m) { guarded(m.attempt, [&] { return subtask_->on_splits(m); }); },
      [this](PrefixMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          subtask_->on_prefix(m.prefix);
          return {};
        });
      },
      [this](ReportRequestMsg& m) {
        guarded(m.attempt, [&]() -> Status {
          auto report = subtask_->report();
          report.dropped_messages = dropped_;
          tell_urgently(who_.job, ReportMsg{attempt_, number_, m.ticket, std::move(report)});
          return {};
        });
      },
  };
}

void SubtaskActor::on_connect(ConnectMsg& message) {
  if (message.attempt != attempt_ || subtask_) return;
  who_ = std::move(message);
  io_ = std::make_shared<ActorIo>(*pool_, self());
  subtask_ = std::make_shared<Subtask>(setup_, static_cast<SubtaskPort&>(*this), *io_);
  guarded(attempt_, [&]() -> Status {
    FLOW_TRY(subtask_->open());
    // On an I/O thread, because it reads files. The job shares the subtask: an exit meanwhile must
    // not pull it away.
    const auto outcome = std::make_shared<Status>();
    io_->submit([subtask = subtask_, io = io_, pool = pool_,
                 outcome] { *outcome = subtask->restore_chain(); },
                [this, outcome] {
                  if (!*outcome)
                    fail(outcome->error());
                  else
                    tell_urgently(who_.job, OpenedMsg{attempt_, number_});
                });
    return {};
  });
}

Status SubtaskActor::on_wire_frame(const WireFrameMsg& message) {
  FLOW_ASSIGN(const auto channel, channel_of_frame(message.bytes));
  if (channel >= setup_.wired.inputs.size())
    return Error{Errc::corrupt_frame, "a frame between two subtasks is corrupt"}.with_cause(
        "no such channel");
  FLOW_ASSIGN(auto frame, decode_frame(message.bytes, subtask_->schema_of(channel)));
  return subtask_->on_frame(std::move(frame));
}

void SubtaskActor::send_frame(std::uint32_t output, ChannelFrame frame) {
  const auto& to = who_.subtasks[setup_.wired.outputs[output].to.value];
  if (setup_.options.wire == WireMode::always)
    tell(to, WireFrameMsg{attempt_, encode_frame(frame, subtask_->pool())});
  else
    tell(to, FrameMsg{attempt_, std::move(frame)});
}

void SubtaskActor::send_credit(std::uint32_t input, std::uint64_t granted) {
  const auto& channel = setup_.wired.inputs[input];
  tell_urgently(who_.subtasks[channel.from.value],
                CreditMsg{attempt_, channel.from_channel, granted});
}

void SubtaskActor::request_split() {
  tell_urgently(who_.enumerator, SplitRequestMsg{attempt_, number_});
}
void SubtaskActor::report_split_done(SplitDone split) {
  tell_urgently(who_.enumerator, SplitDoneMsg{attempt_, split});
}
void SubtaskActor::report_ended() { tell_urgently(who_.coordinator, EndedMsg{attempt_, number_}); }
void SubtaskActor::report_barrier(Epoch epoch, SubtaskReport report) {
  tell_urgently(who_.job, BarrierReportMsg{attempt_, epoch, number_, std::move(report)});
}
void SubtaskActor::acknowledge(Epoch epoch, SubtaskSnapshot snapshot) {
  tell_urgently(who_.coordinator, AcknowledgeMsg{attempt_, epoch, number_, std::move(snapshot)});
}
void SubtaskActor::decline(Epoch epoch, Error error) {
  tell_urgently(who_.coordinator, DeclinedMsg{attempt_, epoch, number_, std::move(error)});
}
void SubtaskActor::report_committed(Epoch epoch) {
  tell_urgently(who_.coordinator, CommittedMsg{attempt_, epoch, number_});
}

void SubtaskActor::step_soon() {
  if (step_sent_) return;
  step_sent_ = true;
  tell_self(StepMsg{});
}

void SubtaskActor::step_at(std::chrono::nanoseconds when) {
  if (timer_at_ && *timer_at_ <= when) return;
  timer_at_ = when;
  const auto now = setup_.world.clock.monotonic();
  tell_self_after(std::max(when - now, std::chrono::nanoseconds{}), TimerMsg{++timer_generation_});
}

}  // namespace flow::actors
