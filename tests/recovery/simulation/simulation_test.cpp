#include "simulated_job.hpp"

#include "support/catch.hpp"
#include "support/seed.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

using namespace flow;
using namespace flow::testing;

namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

/// The job ended, and what can be seen is what a plain loop says.
void check_outcome(const SimulationOutcome& outcome) {
  REQUIRE(outcome.error == "");
  REQUIRE(outcome.state == actors::JobState::finished);
  REQUIRE(outcome.late_rows == 0);
  REQUIRE(outcome.rows == outcome.expected);
  REQUIRE(outcome.letters == outcome.expected_letters);
}

bool is_right(const SimulationOutcome& outcome) {
  return outcome.state == actors::JobState::finished && outcome.late_rows == 0 &&
         outcome.rows == outcome.expected && outcome.letters == outcome.expected_letters;
}

}  // namespace

TEST_CASE("whatever fails, the rows are those of a plain loop", "[recovery][simulation]") {
  const auto first = number_from("FLOW_SIMULATION_FIRST", 1);
  const auto seeds = number_from("FLOW_SIMULATION_SEEDS", 30);
  std::size_t crashes = 0;
  std::size_t failures = 0;
  std::size_t expired = 0;
  for (auto seed = first; seed < first + seeds; ++seed) {
    const auto undisturbed = simulate(seed, {.failures = false});
    const auto disturbed = simulate(seed, {});
    INFO("seed " << seed << ": FLOW_SIMULATION_FIRST=" << seed << " FLOW_SIMULATION_SEEDS=1; shape "
                 << static_cast<int>(disturbed.kind));
    REQUIRE(!undisturbed.rows.empty());
    check_outcome(undisturbed);
    check_outcome(disturbed);
    expired += undisturbed.expired + disturbed.expired;
    crashes += disturbed.crashes;
    failures += disturbed.failures;
  }
  // A simulation in which nothing fails proves nothing.
  if (seeds >= 10) {
    CHECK(crashes > 0);
    CHECK(failures > 0);
    CHECK(expired > 0);
  }
  WARN(seeds << " seeds, " << crashes << " crashes, " << failures << " other failures, " << expired
             << " checkpoints too late");
}

TEST_CASE("a checkpoint is not complete without what a sink could not prepare",
          "[recovery][simulation]") {
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto disturbed = simulate(seed, {.only_at = "file_sink.before_seal"});
    INFO("seed " << seed);
    check_outcome(disturbed);
    failures += disturbed.failures;
  }
  CHECK(failures > 60);
}

TEST_CASE("failures at the end of a run double and lose nothing", "[recovery][simulation]") {
  const std::string at = GENERATE("commit.after", "finish.before_sinks", "finish.before_manifest",
                                  "finish.after_manifest");
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const auto disturbed = simulate(seed, {.only_at = at});
    INFO("seed " << seed << " at " << at);
    check_outcome(disturbed);
    failures += disturbed.failures;
  }
  CHECK(failures > 5);
}

TEST_CASE("a seed replays exactly", "[recovery][simulation]") {
  const auto seed = number_from("FLOW_SIMULATION_FIRST", 7);
  const auto one = simulate(seed, {});
  const auto two = simulate(seed, {});
  CHECK(one.trace == two.trace);
  CHECK(one.turns == two.turns);
}

TEST_CASE("alignment that is broken on purpose is noticed within 200 seeds",
          "[recovery][simulation]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    if (!is_right(simulate(seed, {.broken_alignment = true}))) {
      // It is the failures that bring it to light, not the switch alone.
      CHECK(is_right(simulate(seed, {.failures = false, .broken_alignment = true})));
      WARN("noticed with seed " << seed);
      return;
    }
  }
  FAIL("200 seeds did not notice");
}
