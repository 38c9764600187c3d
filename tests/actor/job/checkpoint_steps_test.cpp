// What may go wrong at each step of a checkpoint.
#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_world.hpp"
#include "support/seed.hpp"

#include <string_view>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

constexpr std::uint64_t kRows = 8'000;
constexpr Micros kTimeout{5'000'000};

ExecutionPlan plan_into(Ledger& ledger) {
  Numbers numbers;
  numbers.rows = kRows;
  numbers.rows_per_batch = 8;
  WindowAggregateSpec window;
  window.keys = {{"k", ExpressionText{"k"}}};
  window.window = TumblingWindow{Micros{50'000}};
  window.time_column = "at";
  AggregateSpec sum;
  sum.name = "total";
  sum.function = "sum";
  sum.argument = ExpressionText{"v"};
  window.aggregates = {sum};
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 2)
                  .exchange(Exchange::hash, {0}, 3)
                  .op("windows", window)
                  .exchange(Exchange::rebalance, {}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{500};
  plan.checkpoints.timeout = kTimeout;
  return plan;
}

std::vector<std::string> undisturbed_rows() {
  Ledger ledger;
  StepWorld world{1};
  const auto result = world.run(plan_into(ledger));
  REQUIRE(result);
  REQUIRE(result->state == JobState::finished);
  REQUIRE(result->progress.checkpoints.completed > 2);
  return ledger.sorted_rows();
}

constexpr std::string_view kSteps[] = {"coordinator.before_trigger", "barrier.before_snapshot",
                                       "barrier.before_forward",     "barrier.after_forward",
                                       "file_sink.before_seal",      "checkpoint.before_object",
                                       "checkpoint.after_object",    "barrier.before_acknowledge",
                                       "checkpoint.before_manifest", "checkpoint.manifest_written",
                                       "checkpoint.after_manifest",  "commit.before",
                                       "commit.after_begin",         "commit.after"};
// A failure of these harms the checkpoint only.
bool is_harmless(std::string_view step) { return step.starts_with("checkpoint."); }

/// The run with one thing that goes wrong, which `disturb` does once or says false to.
struct Disturbed {
  Ledger ledger;
  StepWorld world;
  std::optional<JobResult> result;
  explicit Disturbed(std::uint64_t seed) : world{seed} {}
  void run() { result = world.run(plan_into(ledger)); }
};

}  // namespace

TEST_CASE("an error at any step of a checkpoint changes no result", "[actor][checkpoint]") {
  static const auto expected = undisturbed_rows();
  for (const auto step : kSteps)
    for (std::size_t nth : {1u, 2u, 4u}) {
      INFO("step " << step << ", time " << nth);
      Disturbed run{test_seed() + nth};
      std::size_t hits = 0;
      run.world.failures.on_hit = [&](std::string_view point) -> Status {
        if (point != step || ++hits != nth) return {};
        return Error{Errc::injected, "injected failure"};
      };
      run.run();
      REQUIRE(run.result);
      REQUIRE(run.result->state == JobState::finished);
      REQUIRE(run.ledger.sorted_rows() == expected);
      REQUIRE(hits >= nth);
      const auto failed = run.world.count(JobEvent::Kind::checkpoint_failed);
      if (is_harmless(step)) {
        CHECK(run.result->progress.restarts == 0);
        CHECK(failed == 1);
        CHECK(run.result->progress.checkpoints.failed == 1);
        CHECK(run.result->progress.checkpoints.last_failure.has_value());
      } else {
        CHECK(run.result->progress.restarts == 1);
      }
    }
}

TEST_CASE("a step of a checkpoint that takes too long changes no result", "[actor][checkpoint]") {
  static const auto expected = undisturbed_rows();
  std::uint64_t expired = 0;
  for (const auto step : kSteps) {
    INFO("step " << step);
    Disturbed run{test_seed()};
    std::size_t hits = 0;
    run.world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point == step && ++hits == 4) run.world.clock().advance(3 * kTimeout);
      return {};
    };
    run.run();
    REQUIRE(run.result);
    REQUIRE(run.result->state == JobState::finished);
    REQUIRE(run.ledger.sorted_rows() == expected);
    REQUIRE(hits >= 4);
    expired += run.result->progress.checkpoints.failed + run.result->progress.restarts;
  }
  CHECK(expired > 5);
}

namespace {

template <class Message>
void lose_one(const char* name, bool restarts) {
  static const auto expected = undisturbed_rows();
  INFO("lost: " << name);
  Disturbed run{test_seed()};
  std::size_t seen = 0;
  run.world.on_message = [&](Actor&, const caf::mailbox_element& message) -> std::size_t {
    return content_of<Message>(message) != nullptr && ++seen == 3 ? 0 : 1;
  };
  run.run();
  REQUIRE(run.result);
  CHECK(seen >= 3);
  CHECK(run.result->state == JobState::finished);
  CHECK(run.ledger.sorted_rows() == expected);
  CHECK((run.result->progress.restarts > 0) == restarts);
  if (!restarts) {
    REQUIRE(run.result->progress.checkpoints.last_failure);
    CHECK(run.result->progress.checkpoints.last_failure->code() == Errc::checkpoint_expired);
  }
}

template <class Message>
void double_all(const char* name) {
  static const auto expected = undisturbed_rows();
  INFO("doubled: " << name);
  Disturbed run{test_seed()};
  std::size_t seen = 0;
  run.world.on_message = [&](Actor&, const caf::mailbox_element& message) -> std::size_t {
    if (content_of<Message>(message) == nullptr) return 1;
    ++seen;
    return 2;
  };
  run.run();
  REQUIRE(run.result);
  CHECK(seen > 0);
  CHECK(run.result->state == JobState::finished);
  CHECK(run.ledger.sorted_rows() == expected);
  CHECK(run.result->progress.restarts == 0);
  CHECK(run.result->progress.checkpoints.failed == 0);
}

}  // namespace

TEST_CASE("a message of a checkpoint that is lost costs the checkpoint, or the attempt",
          "[actor][checkpoint]") {
  lose_one<TriggerMsg>("TriggerMsg", false);
  lose_one<AcknowledgeMsg>("AcknowledgeMsg", false);
  lose_one<CommitMsg>("CommitMsg", true);
  lose_one<CommittedMsg>("CommittedMsg", true);
}

TEST_CASE("messages of a checkpoint that come twice change nothing", "[actor][checkpoint]") {
  double_all<TriggerMsg>("TriggerMsg");
  double_all<AcknowledgeMsg>("AcknowledgeMsg");
  double_all<CommitMsg>("CommitMsg");
  double_all<CommittedMsg>("CommittedMsg");
  double_all<GoMsg>("GoMsg");
  double_all<EndedMsg>("EndedMsg");
}

TEST_CASE("a checkpoint that is declined is reported and harms nobody", "[actor][checkpoint]") {
  static const auto expected = undisturbed_rows();
  Disturbed run{test_seed()};
  std::size_t acknowledged = 0;
  run.world.on_message = [&](Actor& to, const caf::mailbox_element& message) -> std::size_t {
    const auto* answer = content_of<AcknowledgeMsg>(message);
    if (answer == nullptr || ++acknowledged != 10) return 1;
    post_urgently(caf::actor_cast<Address>(&to),
                  DeclinedMsg{answer->attempt, answer->epoch, answer->subtask,
                              Error{Errc::checkpoint_declined, "no snapshot can be had"}});
    return 0;
  };
  run.run();
  REQUIRE(run.result);
  CHECK(run.result->state == JobState::finished);
  CHECK(run.ledger.sorted_rows() == expected);
  CHECK(run.result->progress.restarts == 0);
  CHECK(run.result->progress.checkpoints.failed == 1);
  CHECK(run.world.count(JobEvent::Kind::checkpoint_failed) == 1);
}
