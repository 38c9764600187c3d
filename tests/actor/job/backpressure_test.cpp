// Rows that cannot go on: a sink that takes nothing, a row larger than every budget.
#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_world.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <memory>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

constexpr std::uint64_t kRows = 20'000;
constexpr ByteCount kBudget = 64_KiB;

ExecutionPlan plan_into(Ledger& ledger) {
  Numbers numbers;
  numbers.rows = kRows;
  numbers.rows_per_batch = 50;
  numbers.bytes_per_row = 100;
  numbers.keys = 100;
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 2)
                  .exchange(Exchange::hash, {0}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{1'000'000};
  plan.checkpoints.timeout = Micros{10'000'000};
  return plan;
}

/// Windows that are wider than what a channel may hold, so that rows which wait belong to many.
ExecutionPlan plan_with_windows_into(Ledger& ledger) {
  Numbers numbers;
  numbers.rows = kRows;
  numbers.rows_per_batch = 50;
  numbers.keys = 100;
  WindowAggregateSpec window;
  window.keys = {{"k", ExpressionText{"k"}}};
  window.window = TumblingWindow{Micros{2'000}};
  window.time_column = "at";
  AggregateSpec count;
  count.name = "n";
  count.function = "count";
  window.aggregates = {count};
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 2)
                  .exchange(Exchange::hash, {0}, 2)
                  .op("windows", window)
                  .exchange(Exchange::rebalance, {}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{1'000'000};
  plan.checkpoints.timeout = Micros{10'000'000};
  return plan;
}

/// A job whose sink is frozen, and what its subtasks say.
class Frozen {
 public:
  explicit Frozen(WireMode wire) : Frozen{wire, plan_into} {}
  Frozen(WireMode wire, ExecutionPlan (*plan_of)(Ledger&), ByteCount budget = kBudget)
      : world_{test_seed()} {
    RuntimeOptions options;
    options.input_budget = budget;
    options.wire = wire;
    process_ = world_.start(options);
    process_->tap().on = [this](Actor&, const caf::mailbox_element& message) -> std::size_t {
      if (const auto* report = content_of<ReportMsg>(message))
        queued_ = std::max(queued_, report->report.queued_bytes);
      return 1;
    };
    ledger.freeze();
    board_ = process_->run(plan_of(ledger), {}, world_.observer());
  }
  void turn(std::size_t turns) {
    for (std::size_t i = 0; i < turns; ++i) process_->turn();
  }
  /// Time passes, and whoever can do something does it.
  void wait(std::chrono::nanoseconds time) {
    world_.clock().advance(time);
    turn(2'000);
  }
  JobProgress ask() {
    const auto box = std::make_shared<ProgressBox>();
    board_->request([&](const Address& job) { post_urgently(job, ProgressMsg{box}); });
    REQUIRE(process_->run_until([&] { return box->progress.has_value(); }, 10'000));
    return *box->progress;
  }
  template <class Message>
  void tell(Message message) {
    board_->request([&](const Address& job) { post_urgently(job, message); });
  }
  std::optional<JobResult> finish(std::size_t limit) { return process_->finish(board_, limit); }
  [[nodiscard]] std::uint64_t most_queued() const noexcept { return queued_; }

  Ledger ledger;

 private:
  StepWorld world_;
  std::unique_ptr<StepRuntime> process_;
  std::shared_ptr<JobBoard> board_;
  std::uint64_t queued_ = 0;
};

// Each of the two channels of a sink may be one frame over its limit.
constexpr std::uint64_t kMostQueued = kBudget.value + 2 * kTargetBytes.value;

}  // namespace

TEST_CASE("a frozen sink stops the source, however long it is frozen, and loses nothing",
          "[actor][backpressure]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  Frozen job{wire};
  job.turn(30'000);
  const auto settled = job.ask();
  CHECK(settled.state == JobState::running);
  CHECK(settled.rows_in > 0);
  CHECK(settled.rows_in < kRows / 2);
  for (int hour = 0; hour < 24; ++hour) {
    for (int i = 0; i < 6; ++i) job.wait(std::chrono::minutes{10});
    REQUIRE(job.ask().rows_in == settled.rows_in);
    REQUIRE(job.most_queued() <= kMostQueued);
  }
  CHECK(job.most_queued() > kBudget.value / 4);
  const auto progress = job.ask();
  // Each was triggered, could not be aligned, and was said to have expired.
  CHECK(progress.checkpoints.failed > 20);
  REQUIRE(progress.checkpoints.last_failure);
  CHECK(progress.checkpoints.last_failure->code() == Errc::checkpoint_expired);
  CHECK(progress.restarts == 0);

  job.ledger.thaw();
  const auto result = job.finish(3'000'000);
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(result->progress.restarts == 0);
  CHECK(job.ledger.rows().size() == kRows);
}

TEST_CASE("checkpoints that expire in front of a window make no row late",
          "[actor][backpressure]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  Frozen job{wire, plan_with_windows_into, 4_KiB};
  job.turn(30'000);
  for (int i = 0; i < 12; ++i) job.wait(std::chrono::minutes{1});
  const auto progress = job.ask();
  CHECK(progress.checkpoints.failed > 3);
  CHECK(progress.rows_in < kRows);
  job.ledger.thaw();
  const auto result = job.finish(3'000'000);
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(result->progress.restarts == 0);
  CHECK(result->progress.late_rows == 0);
  // Two rows to a window, of one key or of two.
  std::size_t windows = 0;
  for (std::uint64_t i = 0; i < kRows; i += 2)
    windows += mix64(i) % 100 == mix64(i + 1) % 100 ? 1u : 2u;
  CHECK(job.ledger.rows().size() == windows);
}

TEST_CASE("a job with a frozen sink is cancelled at once", "[actor][backpressure]") {
  Frozen job{WireMode::automatic};
  job.turn(30'000);
  job.tell(CancelMsg{});
  const auto result = job.finish(5'000);
  REQUIRE(result);
  CHECK(result->state == JobState::cancelled);
}

TEST_CASE("a row of 64 MiB passes many channels in the middle of an alignment",
          "[actor][backpressure]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  constexpr auto kBig = static_cast<std::uint32_t>((64_MiB).value);
  Ledger ledger;
  Numbers numbers;
  numbers.rows = 900;
  numbers.splits = 3;
  numbers.order = SplitOrder::independent;  // split i is read by subtask i
  numbers.rows_per_batch = 10;
  numbers.keys = 100;
  numbers.bytes_per_row = 20;
  numbers.big_row = 700;
  numbers.big_bytes = kBig;
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 3)
                  .exchange(Exchange::hash, {0}, 7)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.timeout = Micros{36'000'000'000};
  RuntimeOptions options;
  options.input_budget = kBudget;
  options.wire = wire;

  StepWorld world{test_seed()};
  // The source with the large row hears of the first checkpoint only when that row is under way:
  // by then its receiver is blocked behind the barriers of the others.
  std::optional<ActorId> late;
  std::shared_ptr<Address> to_tell;
  std::optional<TriggerMsg> trigger;
  std::uint64_t most_queued = 0;
  bool passed = false;
  std::size_t acknowledged_before = 0;
  std::size_t others_triggered = 0;
  world.on_message = [&](Actor& to, const caf::mailbox_element& message) -> std::size_t {
    if (const auto* connect = content_of<ConnectMsg>(message))
      if (connect->subtasks.size() == 10) late = connect->subtasks[2].id();
    if (const auto* told = content_of<TriggerMsg>(message)) {
      if (to.id() != late) ++others_triggered;
      if (to.id() == late && !passed) {
        trigger = *told;
        to_tell = std::make_shared<Address>(caf::actor_cast<Address>(&to));
        return 0;
      }
    }
    if (const auto* answer = content_of<AcknowledgeMsg>(message))
      if (!passed && answer->subtask.value >= 3) ++acknowledged_before;
    if (const auto* report = content_of<BarrierReportMsg>(message))
      most_queued = std::max(most_queued, report->report.queued_bytes);
    const auto* frame = content_of<FrameMsg>(message);
    const auto* bytes = content_of<WireFrameMsg>(message);
    if ((frame != nullptr && frame->frame.cost > kBig / 2) ||
        (bytes != nullptr && bytes->bytes.size() > kBig / 2)) {
      passed = true;
      if (trigger)
        post_urgently(*std::exchange(to_tell, nullptr), *std::exchange(trigger, std::nullopt));
    }
    return 1;
  };
  const auto result = world.run(plan, options);
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(passed);
  CHECK(others_triggered >= 2);
  CHECK(acknowledged_before == 0);  // the alignment was open all the time
  CHECK(result->progress.restarts == 0);
  CHECK(result->progress.checkpoints.failed == 0);
  CHECK(result->progress.checkpoints.completed >= 2);
  const auto rows = ledger.rows();
  CHECK(rows.size() == 900);
  CHECK(std::count_if(rows.begin(), rows.end(), [](const auto& r) { return r.size() > kBig; }) ==
        1);
  // One large frame, and the budget.
  CHECK(most_queued <= kBig + kBig / 3 + kBudget.value + 3 * kTargetBytes.value);
}
