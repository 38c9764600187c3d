#pragma once

#include "flow/operators/spec.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Lets a partner outside the chain (an actor) do the work: sends it each batch as a request, and
/// emits the answers in the order of the requests.
///
/// What is owed (out, or answered and without room) is bounded in requests and bytes; behind that
/// the operator takes no input, so the partner's speed is its backpressure. A watermark waits
/// behind the answers of the batches before it. Before idleness and the end everything comes home.
///
/// At a barrier nothing waits: the barrier goes on at once. What was out by then stays out, nothing
/// more is sent, and when it has come home the partner is asked for its state, which so knows
/// exactly the batches sent before the barrier. Snapshot: the answers that had not been emitted at
/// the barrier, the batches that had not been sent, the state. README.md has the whole.
///
/// Owner: the chain.   Thread: actor-confined, restore() excepted.
/// Cost: a request per batch; a copy of what is owed per snapshot, no rows.
/// Errors: actor_failed, actor_timeout, bad_actor_answer, actor_state_lost.
class ThroughOperator final : public Operator {
 public:
  /// `time`: the event-time column of the answers, which may not be null.
  ThroughOperator(ThroughSpec spec, SchemaPtr output, std::optional<std::size_t> time);

  Status open(const OperatorContext& context) override;
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_watermark(EventTime now, Collector& out) override;
  [[nodiscard]] EventTime output_watermark(EventTime now) const override;
  /// A deadline.
  Result<Progress> on_processing_time(EventTime now, Collector& out) override;
  [[nodiscard]] std::optional<EventTime> next_wakeup() const override;
  Result<Progress> on_idle(Collector& out) override;
  Result<Progress> on_end(Collector& out) override;
  Result<Progress> on_outside(Collector& out) override;
  Result<Progress> resume(Collector& out) override;
  [[nodiscard]] bool waits_outside() const override;
  [[nodiscard]] bool awaits_outside() const override;

  void begin_copy_out(Epoch epoch) override;
  Status snapshot(SnapshotSink& sink) override;
  Result<Progress> copy_out(SnapshotSink& sink, ByteCount bytes) override;
  [[nodiscard]] bool copy_waits_outside() const override;
  Status restore(SnapshotSource& source) override;
  /// Of what is owed and unsent; what the partner holds is its own.
  [[nodiscard]] ByteCount state_bytes() const override;

 private:
  /// What an entry of a snapshot can say the size of.
  static constexpr std::uint64_t kMaxState = std::numeric_limits<std::uint32_t>::max();
  enum class Kind : std::uint8_t { batch, state, restore };
  struct Request {
    Kind kind = Kind::batch;
    std::chrono::nanoseconds deadline{};
  };
  /// A batch that was sent and whose answer has not been emitted; or a watermark behind such.
  struct Owed {
    std::uint64_t request = 0;  // 0: a watermark
    EventTime watermark;
    std::uint64_t bytes = 0;
    std::optional<Batch> answer;
  };
  /// What a snapshot under way holds, as of its barrier.
  struct Copy {
    Epoch epoch;
    std::vector<Owed> owed;
    std::vector<Batch> unsent;
    std::uint64_t asked = 0;  // request for the state
    bool complete = false;
    std::optional<std::string> state;
  };

  // Asking and taking.
  std::uint64_t request(Kind kind);
  Status collect();
  Status accept(PartnerAnswer answer);
  Status accept_batch(std::uint64_t number, Batch batch);
  Status accept_state(PartnerReply reply);
  [[nodiscard]] Result<Batch> checked(Batch batch) const;
  Status check_deadline() const;
  void give_states();
  void send_what_may_go();
  void ask_state_when_home();

  // Emitting.
  Result<Progress> go_on(Collector& out);
  void emit(Collector& out);
  [[nodiscard]] bool has_answer() const noexcept {
    return !owed_.empty() && owed_.front().answer.has_value();
  }
  [[nodiscard]] bool is_done() const noexcept;

  // Snapshots.
  [[nodiscard]] std::string encode(const Copy& copy) const;
  Status decode(std::string_view bytes);

  ThroughSpec spec_;
  SchemaPtr output_;
  std::optional<std::size_t> time_;
  const OperatorContext* context_ = nullptr;
  std::unique_ptr<Partner> partner_;

  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Request> asked_;  // without answer; the first has the first deadline
  std::deque<Owed> owed_;
  std::uint32_t owed_batches_ = 0;
  std::uint64_t owed_bytes_ = 0;
  std::deque<Batch> unsent_;                   // in order; more than one only after a restore
  std::deque<std::string> states_;             // to be given back, before anything is sent
  std::uint32_t restoring_ = 0;                // states given and not yet taken
  bool has_state_ = false;                     // it said so, or was given one
  bool is_stateless_ = false;                  // it said so
  bool coming_home_ = false;                   // the call is done when nothing is owed any more
  mutable EventTime told_ = EventTime::min();  // a watermark that nothing owed is before
  Epoch epoch_;
  std::optional<Copy> copy_;
};

}  // namespace flow
