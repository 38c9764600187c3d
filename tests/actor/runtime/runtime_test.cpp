// Jobs on real threads: small, because the protocol is tested step by step elsewhere.
#include "flow/actors/runtime.hpp"

#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/temp_dir.hpp"

#include <cstdlib>

using namespace flow;
using namespace flow::testing;
using namespace std::chrono_literals;

namespace {

struct World {
  std::unique_ptr<FileSystem> files = make_posix_file_system();
  SystemClock clock;
  std::unique_ptr<Log> log =
      make_stderr_log(std::getenv("FLOW_TEST_LOG") != nullptr ? LogLevel::debug : LogLevel::warn);
  std::unique_ptr<FailurePoints> failure_points = make_no_failure_points();
  [[nodiscard]] actors::RuntimeWorld refs() { return {*files, clock, *log, *failure_points}; }

  void fail(std::string_view rules) {
    auto parsed = parse_failure_points(rules);
    REQUIRE(parsed);
    failure_points = *std::move(parsed);
  }
};

actors::JobResult run_to_end(ExecutionPlan plan, actors::RuntimeOptions options = {},
                             std::string_view failures = {}) {
  World world;
  if (!failures.empty()) world.fail(failures);
  options.threads = 2;
  auto runtime = actors::Runtime::start(options, world.refs());
  REQUIRE(runtime);
  auto job = (*runtime)->run(std::move(plan));
  auto result = job.wait_for(20s);
  if (!result) {
    const auto progress = job.progress();
    REQUIRE(progress);
    for (const auto& node : progress->nodes)
      WARN(node.name << " in " << node.rows_in << " out " << node.rows_out << " watermark "
                     << node.watermark.micros << " busy " << node.busy << " backpressured "
                     << node.backpressured);
  }
  REQUIRE(result);
  if (result->error) INFO(render(*result->error));
  return *result;
}

}  // namespace

TEST_CASE("rows of a source reach a sink through a hash exchange, each once", "[actor][runtime]") {
  const auto wire = GENERATE(actors::WireMode::automatic, actors::WireMode::always);
  const auto parallelism = GENERATE(1u, 2u, 3u);
  Ledger ledger;
  Numbers numbers;
  numbers.rows = 5'000;
  auto plan = PlanBuilder{"exchange"}
                  .source("numbers", numbers_source(numbers), parallelism)
                  .exchange(Exchange::hash, {0}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  actors::RuntimeOptions options;
  options.wire = wire;
  const auto result = run_to_end(std::move(plan), options);
  CHECK(result.state == actors::JobState::finished);
  CHECK(ledger.rows().size() == 5'000);
  CHECK(result.progress.rows_in == 5'000);
  CHECK(result.progress.rows_out == 5'000);
}

TEST_CASE("what a failure undid is counted once, and the rates at the end are those of the run",
          "[actor][runtime]") {
  TempDir dir;
  Ledger ledger;
  Numbers numbers;
  numbers.rows = 50'000;
  auto plan = PlanBuilder{"twice"}
                  .source("numbers", numbers_source(numbers), 1)
                  .exchange(Exchange::hash, {0}, 2)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = (dir.path() / "state").string();
  plan.checkpoints.interval = Micros{1'000};
  plan.checkpoints.min_pause = Micros{0};
  plan.restart.policy = RestartSpec::Policy::fixed;
  plan.restart.initial = Micros{1'000};
  plan.restart.attempts = 10;
  // Three subtasks answer: the second checkpoint fails the attempt, at the latest the last one.
  const auto result = run_to_end(std::move(plan), {}, "barrier.before_acknowledge=error@5");
  REQUIRE(result.state == actors::JobState::finished);
  CHECK(result.progress.restarts == 1);
  CHECK(ledger.rows().size() == 50'000);
  CHECK(result.progress.rows_in == 50'000);
  CHECK(result.progress.rows_out == 50'000);
  const auto seconds = std::chrono::duration<double>(result.progress.elapsed).count();
  REQUIRE(result.progress.nodes.size() == 2);
  CHECK(result.progress.nodes[0].rows_out_per_second == Approx(50'000 / seconds));
  CHECK(result.progress.nodes[1].rows_in_per_second == Approx(50'000 / seconds));
}
