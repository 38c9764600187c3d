#include "simulated_job.hpp"

#include "flow/checkpoint/publishing.hpp"

#include <cstdlib>
#include <functional>
#include <utility>

namespace flow::testing {
namespace {

using actors::JobState;

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
      // More and more seldom: an epoch with many such points would otherwise never come through.
      if (point != only_at_ || random_.below(2 + failures / 10) != 0) return {};
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
  SimulatedOutside outside{mix64(seed + 1)};
  auto& files = outside.files;
  Random drawn{mix64(seed)};
  const auto shape = draw_shape(drawn, outside);
  TickingClock clock{mix64(seed + 2)};
  const auto log = std::getenv("FLOW_SIMULATION_LOG") != nullptr ? make_stderr_log(LogLevel::debug)
                                                                 : make_null_log();
  Fates fates{mix64(seed + 3), options, outside.out};
  SimulatedFailures failure_points;
  failure_points.on_hit = [&](std::string_view point) { return fates.hit(point); };
  const auto no_failures = make_no_failure_points();
  Random schedule{mix64(seed + 4)};

  actors::RuntimeOptions runtime_options;
  runtime_options.step_budget = std::chrono::microseconds{200};
  runtime_options.input_budget = drawn.chance(0.5) ? 64_KiB : 1_MiB;
  if (shape.frost) runtime_options.input_budget = ByteCount{1 + drawn.below((32_KiB).value)};
  runtime_options.wire = drawn.chance(0.3) ? actors::WireMode::always : actors::WireMode::automatic;
  runtime_options.copy_slice = ByteCount{1 + drawn.below(2'000)};
  runtime_options.break_alignment_for_tests = options.broken_alignment;
  runtime_options.seed = seed;

  const auto observe = [&](const actors::JobEvent& event) {
    if (event.kind == actors::JobEvent::Kind::checkpoint_completed) ++outcome.checkpoints;
    if (event.error && event.error->code() == Errc::checkpoint_expired) ++outcome.expired;
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
    const auto board = runtime.run(shape.plan, {}, observe);
    const auto ended = [&] {
      if (shape.frost) {
        const auto turn = outcome.turns + runtime.turns();
        if (turn >= shape.frost->first_turn && turn < shape.frost->last_turn)
          outside.out.freeze();
        else
          outside.out.thaw();
      }
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
  outcome.kind = shape.kind;
  outcome.expected = shape.rows;
  outcome.rows = visible_rows(shape, outside);
  outcome.expected_letters = shape.letters;
  outcome.letters = visible_letters(outside);
  outcome.late_rows += outside.late.rows().size();
  for (const auto& row : outcome.rows)
    outcome.trace = mix64(outcome.trace ^ std::hash<std::string>{}(row));
  outcome.trace = mix64(outcome.trace ^ outcome.turns);
  return outcome;
}

}  // namespace flow::testing
