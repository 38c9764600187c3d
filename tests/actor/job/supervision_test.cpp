// What the SUPERVISOR hears, decides and passes on, seen from outside in simulated time.
#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_world.hpp"
#include "support/seed.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace flow;
using namespace flow::testing;
using actors::JobEvent;
using actors::JobState;

namespace {

constexpr Micros kSecond{1'000'000};

ExecutionPlan plan_into(Ledger& ledger, bool bounded = true) {
  Numbers numbers;
  numbers.rows = 300;
  numbers.bounded = bounded;
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 2)
                  .exchange(Exchange::hash, {0}, 3)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = 10 * kSecond;
  plan.checkpoints.timeout = 20 * kSecond;
  plan.restart.attempts = 10;
  plan.restart.initial = kSecond;
  return plan;
}

Error injected() { return Error{Errc::injected, "injected failure"}; }

/// Fails the first `times` attempts while they open, and notes how long each restart waited.
class FailsToOpen {
 public:
  FailsToOpen(StepWorld& world, std::size_t times) : world_{world}, left_{times} {
    world.on_event = [this](const JobEvent& event) {
      if (event.kind != JobEvent::Kind::attempt_failed) return;
      delays.push_back(event.delay);
      failed_at_ = world_.clock().now();
    };
    world.failures.on_hit = [this](std::string_view point) -> Status {
      if (point == "publish.before_takeover" && !delays.empty())
        waited.push_back(std::chrono::duration_cast<Micros>(world_.clock().now() - failed_at_));
      if (point != "enumerate" || left_ == 0) return {};
      --left_;
      return injected();
    };
  }
  std::vector<Micros> delays;
  std::vector<Micros> waited;

 private:
  StepWorld& world_;
  std::size_t left_;
  std::chrono::nanoseconds failed_at_{};
};

}  // namespace

TEST_CASE("restart policy none: the first failure is the job's", "[actor][supervision]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  FailsToOpen fails{world, 1};
  auto plan = plan_into(ledger);
  plan.restart.policy = RestartSpec::Policy::none;
  const auto result = world.run(plan);
  REQUIRE(result);
  CHECK(result->state == JobState::failed);
  REQUIRE(result->error);
  CHECK(result->error->code() == Errc::injected);
  CHECK(result->progress.restarts == 0);
  CHECK(ledger.rows().empty());
}

TEST_CASE("restart policy fixed: every restart waits the same, until there were too many",
          "[actor][supervision]") {
  const bool too_many = GENERATE(false, true);
  Ledger ledger;
  StepWorld world{test_seed()};
  FailsToOpen fails{world, too_many ? 5u : 4u};
  auto plan = plan_into(ledger);
  plan.restart.policy = RestartSpec::Policy::fixed;
  plan.restart.attempts = 4;
  const auto result = world.run(plan);
  REQUIRE(result);
  CHECK(result->progress.restarts == 4);
  REQUIRE(fails.waited.size() == 4);
  for (const auto waited : fails.waited) CHECK(waited >= kSecond);
  if (too_many) {
    CHECK(result->state == JobState::failed);
    CHECK(ledger.rows().empty());
  } else {
    CHECK(result->state == JobState::finished);
    CHECK(ledger.rows().size() == 300);
  }
}

TEST_CASE("restart policy exponential: delays double up to the highest, each a random share less",
          "[actor][supervision]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  FailsToOpen fails{world, 6};
  auto plan = plan_into(ledger);
  plan.restart.policy = RestartSpec::Policy::exponential;
  plan.restart.max = 8 * kSecond;
  const auto result = world.run(plan);
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  REQUIRE(fails.delays.size() == 6);
  REQUIRE(fails.waited.size() == 6);
  std::size_t shortened = 0;
  for (std::size_t i = 0; i < fails.delays.size(); ++i) {
    const auto full = std::min(kSecond * (1 << i), 8 * kSecond);
    CHECK(fails.delays[i] <= full);
    CHECK(fails.delays[i] >= full * 8 / 10);
    CHECK(fails.waited[i] >= fails.delays[i]);
    shortened += fails.delays[i] < full ? 1u : 0u;
  }
  CHECK(shortened > 0);
}

TEST_CASE("a job that ran well for long enough begins to count its failures anew",
          "[actor][supervision]") {
  const bool long_enough = GENERATE(true, false);
  Ledger ledger;
  StepWorld world{test_seed()};
  std::size_t left = 3;
  bool failed_late = false;
  std::chrono::nanoseconds last{};
  std::vector<Micros> delays;
  world.on_event = [&](const JobEvent& event) {
    if (event.kind != JobEvent::Kind::attempt_failed) return;
    delays.push_back(event.delay);
    last = world.clock().now();
  };
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point != "coordinator.before_trigger") return {};
    if (left > 0) {
      --left;
      return injected();
    }
    const auto healthy = long_enough ? std::chrono::seconds{900} : std::chrono::seconds{100};
    if (failed_late || world.clock().now() - last < healthy) return {};
    failed_late = true;
    return injected();
  };
  auto plan = plan_into(ledger, false);
  plan.restart.policy = RestartSpec::Policy::exponential;
  plan.restart.reset_after = 600 * kSecond;
  const auto process = world.start();
  const auto board = process->run(plan, {}, world.observer());
  REQUIRE(process->run_until([&] { return delays.size() == 4; }, 2'000'000));
  if (long_enough)
    CHECK(delays[3] <= kSecond);
  else
    CHECK(delays[3] > 6 * kSecond);
  board->request([](const actors::Address& job) { post_urgently(job, actors::CancelMsg{}); });
  CHECK(process->finish(board).has_value());
}

TEST_CASE("the first cause is the job's error, not what followed from it", "[actor][supervision]") {
  std::size_t later = 0;
  for (std::uint64_t seed = test_seed(); seed < test_seed() + 30; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    std::size_t failures = 0;
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point != "barrier.before_snapshot") return {};
      return injected().with_cause("failure number " + std::to_string(++failures) + ".");
    };
    std::vector<std::string> heard;
    world.on_message = [&](actors::Actor&, const caf::mailbox_element& message) -> std::size_t {
      if (const auto* failed = content_of<actors::FailedMsg>(message))
        heard.push_back(failed->error.reason());
      return 1;
    };
    auto plan = plan_into(ledger);
    plan.restart.policy = RestartSpec::Policy::none;
    const auto result = world.run(plan);
    REQUIRE(result);
    REQUIRE(result->state == JobState::failed);
    REQUIRE(result->error);
    REQUIRE(!heard.empty());
    REQUIRE(result->error->reason() == heard[0]);
    later += heard.size() - 1;
  }
  // Nothing is proven if nobody failed after the first.
  CHECK(later > 0);
}
