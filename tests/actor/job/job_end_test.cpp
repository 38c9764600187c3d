// What may go wrong between the last commit of a job and its end.
#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_world.hpp"
#include "support/seed.hpp"

#include <string>
#include <string_view>
#include <utility>

using namespace flow;
using namespace flow::testing;
using actors::JobState;

namespace {

constexpr std::uint64_t kRows = 150;
constexpr std::uint64_t kSeeds = 60;

ExecutionPlan plan_into(Ledger& ledger, bool with_store = true) {
  Numbers numbers;
  numbers.rows = kRows;
  numbers.rows_per_batch = 50;
  numbers.splits = 2;
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 1)
                  .exchange(Exchange::hash, {0}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  if (with_store) plan.checkpoints.directory = "snapshots";
  return plan;
}

bool all_committed(const Ledger& ledger) { return ledger.rows().size() >= kRows; }

Error injected() { return Error{Errc::injected, "injected failure"}; }

}  // namespace

TEST_CASE("a subtask that fails after the last commit doubles no row", "[actor][end]") {
  const std::string at = GENERATE("commit.after", "finish.before_sinks", "finish.before_manifest",
                                  "checkpoint.after_manifest");
  const bool with_store = GENERATE(true, false);
  const auto first = test_seed();
  for (auto seed = first; seed < first + kSeeds; ++seed) {
    INFO("seed " << seed << " at " << at << (with_store ? "" : " without checkpoints"));
    Ledger ledger;
    StepWorld world{seed};
    bool broken = false;
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point == at && all_committed(ledger) && !std::exchange(broken, true))
        ledger.break_a_writer();
      return {};
    };
    const auto result = world.run(plan_into(ledger, with_store));
    REQUIRE(result);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(ledger.rows().size() == kRows);
    REQUIRE(result->progress.rows_out == kRows);
  }
}

TEST_CASE("sinks that cannot be finished are tried again without a new attempt", "[actor][end]") {
  const bool with_store = GENERATE(true, false);
  Ledger ledger;
  StepWorld world{test_seed()};
  std::size_t left = 3;
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point != "finish.before_sinks" || left == 0) return {};
    --left;
    return injected();
  };
  const auto result = world.run(plan_into(ledger, with_store));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(world.count(actors::JobEvent::Kind::attempt_failed) == 3);
  CHECK(result->progress.restarts == 0);
  CHECK(result->progress.attempt == Attempt{1});
  CHECK(ledger.finishes() == 1);
  CHECK(ledger.rows().size() == kRows);
}

TEST_CASE("sinks that cannot be finished fail the job in the end, and the next run finishes them",
          "[actor][end]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  world.failures.on_hit = [&](std::string_view point) -> Status {
    return point == "finish.before_sinks" ? Status{injected()} : Status{};
  };
  auto plan = plan_into(ledger);
  plan.restart.policy = RestartSpec::Policy::none;
  auto result = world.run(plan);
  REQUIRE(result);
  CHECK(result->state == JobState::failed);
  REQUIRE(result->error);
  CHECK(result->error->code() == Errc::injected);
  CHECK(ledger.rows().size() == kRows);
  CHECK(ledger.finishes() == 0);

  world.failures.on_hit = nullptr;
  result = world.run(plan);
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(ledger.rows().size() == kRows);
  CHECK(ledger.finishes() == 1);
}

TEST_CASE("an end that is not recorded is a warning, and the next run has nothing to do",
          "[actor][end]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  const std::string at = GENERATE("finish.before_manifest", "checkpoint.before_manifest",
                                  "checkpoint.manifest_written");
  world.failures.on_hit = [&](std::string_view point) -> Status {
    return point == at && ledger.finishes() > 0 ? Status{injected()} : Status{};
  };
  auto result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  REQUIRE(result->warnings.size() == 1);
  CHECK(result->warnings[0].code() == Errc::injected);

  world.failures.on_hit = nullptr;
  result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(result->warnings.empty());
  CHECK(world.count(actors::JobEvent::Kind::resumed) == 1);
  CHECK(ledger.rows().size() == kRows);
}

TEST_CASE("an end that is recorded and answered with an error is an end", "[actor][end]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  const std::string at = GENERATE("checkpoint.after_manifest", "finish.after_manifest");
  world.failures.on_hit = [&](std::string_view point) -> Status {
    return point == at && ledger.finishes() > 0 ? Status{injected()} : Status{};
  };
  const auto result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(result->warnings.size() == 1);
  CHECK(ledger.rows().size() == kRows);
  world.failures.on_hit = nullptr;
  // The next run begins afresh, as after any run that finished.
  REQUIRE(world.run(plan_into(ledger)));
  CHECK(world.count(actors::JobEvent::Kind::resumed) == 0);
  CHECK(ledger.rows().size() == 2 * kRows);
}

TEST_CASE("a sink that hangs while it is finished fails the job at the deadline", "[actor][end]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point == "commit.after" && all_committed(ledger)) world.runtime->io().hold(true);
    return {};
  };
  const auto began = world.clock().now();
  auto result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::failed);
  REQUIRE(result->error);
  CHECK(result->error->code() == Errc::stop_timeout);
  CHECK(world.clock().now() - began < std::chrono::minutes{4});

  world.failures.on_hit = nullptr;
  result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  CHECK(ledger.rows().size() == kRows);
}

TEST_CASE("a job whose end cannot be recorded in time has finished, with a warning",
          "[actor][end]") {
  Ledger ledger;
  StepWorld world{test_seed()};
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point == "finish.before_sinks") world.runtime->io().hold(true);
    return {};
  };
  const auto result = world.run(plan_into(ledger));
  REQUIRE(result);
  CHECK(result->state == JobState::finished);
  REQUIRE(result->warnings.size() == 1);
  CHECK(result->warnings[0].code() == Errc::stop_timeout);
  CHECK(ledger.finishes() == 1);
  CHECK(ledger.rows().size() == kRows);
}

TEST_CASE("cancel and stop around the last commit leave every row once", "[actor][end]") {
  const bool stop = GENERATE(false, true);
  const std::string at =
      GENERATE("commit.before", "commit.after", "finish.before_sinks", "finish.before_manifest");
  const auto first = test_seed();
  for (auto seed = first; seed < first + kSeeds; ++seed) {
    INFO("seed " << seed << " at " << at);
    Ledger ledger;
    StepWorld world{seed};
    std::shared_ptr<actors::JobBoard> board;
    std::size_t asked = 0;
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point != at) return {};
      ++asked;
      board->request([&](const actors::Address& job) {
        if (stop)
          actors::post_urgently(job, actors::StopMsg{});
        else
          actors::post_urgently(job, actors::CancelMsg{});
      });
      return {};
    };
    const auto plan = plan_into(ledger);
    std::optional<actors::JobResult> result;
    {
      const auto process = world.start();
      board = process->run(plan, {}, world.observer());
      result = process->finish(board);
    }
    REQUIRE(asked > 0);
    REQUIRE(result);
    INFO((result->error ? render(*result->error) : std::string{}));
    REQUIRE(result->state != JobState::failed);
    if (at.starts_with("finish")) REQUIRE(result->state == JobState::finished);
    if (result->state == JobState::finished) {
      REQUIRE(ledger.rows().size() == kRows);
      REQUIRE(ledger.finishes() == 1);
      continue;
    }
    world.failures.on_hit = nullptr;
    result = world.run(plan);
    REQUIRE(result);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(ledger.rows().size() == kRows);
  }
}

TEST_CASE("without checkpoints a commit that breaks off half-way fails the job and doubles no row",
          "[actor][end]") {
  const auto first = test_seed();
  std::size_t half = 0;
  for (auto seed = first; seed < first + kSeeds; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    bool broken = false;
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point != "commit.after_begin" || ledger.rows().empty() || std::exchange(broken, true))
        return {};
      return injected();
    };
    const auto result = world.run(plan_into(ledger, false));
    REQUIRE(result);
    REQUIRE(ledger.rows().size() <= kRows);
    if (!broken) {
      REQUIRE(result->state == JobState::finished);
      continue;
    }
    ++half;
    REQUIRE(result->state == JobState::failed);
    REQUIRE(result->error);
    CHECK(result->error->code() == Errc::injected);
    CHECK(result->progress.restarts == 0);
  }
  CHECK(half > 0);
}
