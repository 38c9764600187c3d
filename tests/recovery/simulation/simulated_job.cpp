#include "simulated_job.hpp"

#include "flow/checkpoint/publishing.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

namespace flow::testing {
namespace {

using actors::JobState;

ExecutionPlan make_plan(Random& shape, Ledger& ledger) {
  Numbers numbers;
  numbers.rows = 200 + shape.below(800);
  numbers.splits = static_cast<std::uint32_t>(1 + shape.below(6));
  numbers.rows_per_batch = static_cast<std::uint32_t>(1 + shape.below(24));
  numbers.keys = 1 + shape.below(20);
  numbers.step = Micros{1'000};
  numbers.order = shape.chance(0.5) ? SplitOrder::sequential : SplitOrder::independent;
  numbers.pend_every = shape.chance(0.5) ? static_cast<std::uint32_t>(2 + shape.below(6)) : 0;
  const auto sources = static_cast<std::uint32_t>(1 + shape.below(3));
  const auto windows = static_cast<std::uint32_t>(1 + shape.below(3));

  WindowAggregateSpec window;
  window.keys = {{"k", ExpressionText{"k"}}};
  window.window = TumblingWindow{Micros{static_cast<std::int64_t>(10 + shape.below(60)) * 1'000}};
  window.time_column = "at";
  AggregateSpec count;
  count.name = "n";
  count.function = "count";
  AggregateSpec sum;
  sum.name = "total";
  sum.function = "sum";
  sum.argument = ExpressionText{"v"};
  window.aggregates = {count, sum};

  PlanBuilder builder{"simulated"};
  builder.source("numbers", numbers_source(numbers), sources);
  builder.exchange(Exchange::hash, {0}, windows).op("windows", window);
  if (shape.chance(0.5))
    builder.exchange(Exchange::rebalance, {}, static_cast<std::uint32_t>(1 + shape.below(2)));
  builder.sink("out", ledger_sink(ledger));
  auto plan = builder.build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{static_cast<std::int64_t>(500 + shape.below(3'000))};
  plan.checkpoints.timeout = Micros{static_cast<std::int64_t>(20'000 + shape.below(200'000))};
  return plan;
}

/// Fails or kills at named points, a few times, as a seed says.
class Fates {
 public:
  Fates(std::uint64_t seed, const SimulationOptions& options, Ledger& ledger)
      : random_{seed},
        ledger_{ledger},
        only_at_{options.only_at},
        left_{options.failures ? 1 + random_.below(6) : 0} {}

  Status hit(std::string_view point) {
    ++hits_;
    // Around the end somebody who is not needed any more may fail, without any point's failing.
    if (is_end(point) && only_at_.empty() && left_ > 0 && random_.below(4) == 0) {
      --left_;
      ++failures;
      ledger_.break_a_writer();
    }
    if (!only_at_.empty()) {
      if (point != only_at_ || random_.below(2) != 0) return {};
      ++failures;
      return Error{Errc::injected, "injected failure"}.with_cause(std::string{point});
    }
    if (left_ == 0 || random_.below(is_end(point) ? kRateAtEnd : kRate) != 0) return {};
    --left_;
    if (random_.chance(0.5)) {
      ++failures;
      return Error{Errc::injected, "injected failure"}.with_cause(std::string{point});
    }
    crash_now = true;
    if (on_crash) on_crash();
    return Error{Errc::injected, "the process is dead"}.with_cause(std::string{point});
  }

  bool crash_now = false;
  std::size_t failures = 0;
  std::function<void()> on_crash;

 private:
  // A job ends once, so what happens there would be rare.
  static constexpr std::uint64_t kRate = 25;
  static constexpr std::uint64_t kRateAtEnd = 8;
  static bool is_end(std::string_view point) {
    return point == "commit.after" || point.starts_with("finish.");
  }

  Random random_;
  Ledger& ledger_;
  std::string_view only_at_;
  std::uint64_t left_;
  std::uint64_t hits_ = 0;
};

}  // namespace

SimulationOutcome simulate(std::uint64_t seed, const SimulationOptions& options) {
  SimulationOutcome outcome;
  Ledger ledger;
  Random shape{mix64(seed)};
  const auto plan = make_plan(shape, ledger);
  SimulatedFileSystem files{mix64(seed + 1)};
  TickingClock clock{mix64(seed + 2)};
  const auto log = std::getenv("FLOW_SIMULATION_LOG") != nullptr ? make_stderr_log(LogLevel::debug)
                                                                 : make_null_log();
  Fates fates{mix64(seed + 3), options, ledger};
  SimulatedFailures failure_points;
  failure_points.on_hit = [&](std::string_view point) { return fates.hit(point); };
  const auto no_failures = make_no_failure_points();
  Random schedule{mix64(seed + 4)};

  actors::RuntimeOptions runtime_options;
  runtime_options.step_budget = std::chrono::microseconds{200};
  runtime_options.input_budget = ByteCount{shape.chance(0.5) ? (64_KiB).value : (1_MiB).value};
  runtime_options.wire = shape.chance(0.3) ? actors::WireMode::always : actors::WireMode::automatic;
  runtime_options.copy_slice = ByteCount{1 + shape.below(2'000)};
  runtime_options.break_alignment_for_tests = options.broken_alignment;
  runtime_options.seed = seed;

  const auto observe = [&](const actors::JobEvent& event) {
    if (event.kind == actors::JobEvent::Kind::checkpoint_completed) ++outcome.checkpoints;
    outcome.trace = mix64(outcome.trace ^
                          mix64(static_cast<std::uint64_t>(event.kind) * 31 +
                                event.epoch.value * 7 + static_cast<std::uint64_t>(event.state)));
  };

  // Each turn of the loop is one life of the process.
  for (int life = 0; life < 20; ++life) {
    StepRuntime runtime{{files, clock, *log, failure_points}, runtime_options, schedule.next()};
    fates.on_crash = [&] {
      runtime.kill();
      files.power_off_after(0);
    };
    fates.crash_now = false;
    const auto board = runtime.run(plan, {}, observe);
    const auto ended = [&] {
      return fates.crash_now || board->wait_for(std::chrono::milliseconds{0}).has_value();
    };
    const bool in_time = runtime.run_until(ended, 3'000'000);
    outcome.turns += runtime.turns();
    fates.on_crash = nullptr;
    if (!in_time) {
      outcome.error = "the job neither ended nor failed";
      break;
    }
    if (fates.crash_now) {
      ++outcome.crashes;
      runtime.kill();
      files.crash();
      // Killed behind its last step: run again it would rightly begin afresh.
      const auto snapshot = open_snapshot(files, "snapshots/simulated", *no_failures);
      if (snapshot && snapshot->manifest.finished) {
        outcome.state = JobState::finished;
        break;
      }
      continue;
    }
    const auto result = *board->wait_for(std::chrono::milliseconds{0});
    outcome.state = result.state;
    outcome.late_rows = result.progress.late_rows;
    if (result.error) outcome.error = render(*result.error);
    break;
  }
  outcome.failures = fates.failures;
  outcome.rows = ledger.sorted_rows();
  for (const auto& row : outcome.rows)
    outcome.trace = mix64(outcome.trace ^ std::hash<std::string>{}(row));
  outcome.trace = mix64(outcome.trace ^ outcome.turns);
  return outcome;
}

}  // namespace flow::testing
