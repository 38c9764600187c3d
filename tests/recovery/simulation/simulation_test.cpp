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

}  // namespace

TEST_CASE("whatever fails, the rows are those of the run without failures",
          "[recovery][simulation]") {
  const auto first = number_from("FLOW_SIMULATION_FIRST", 1);
  const auto seeds = number_from("FLOW_SIMULATION_SEEDS", 30);
  std::size_t crashes = 0;
  std::size_t failures = 0;
  for (auto seed = first; seed < first + seeds; ++seed) {
    const auto undisturbed = simulate(seed, {.failures = false});
    const auto disturbed = simulate(seed, {});
    INFO("seed " << seed << ": FLOW_SIMULATION_FIRST=" << seed << " FLOW_SIMULATION_SEEDS=1; "
                 << disturbed.error);
    REQUIRE(undisturbed.error == "");
    REQUIRE(undisturbed.state == actors::JobState::finished);
    REQUIRE(!undisturbed.rows.empty());
    REQUIRE(disturbed.error == "");
    REQUIRE(disturbed.state == actors::JobState::finished);
    REQUIRE(disturbed.late_rows == 0);
    REQUIRE(disturbed.rows == undisturbed.rows);
    crashes += disturbed.crashes;
    failures += disturbed.failures;
  }
  // A simulation in which nothing fails proves nothing.
  if (seeds >= 10) {
    CHECK(crashes > 0);
    CHECK(failures > 0);
  }
  WARN(seeds << " seeds, " << crashes << " crashes, " << failures << " other failures");
}

TEST_CASE("a checkpoint is not complete without what a sink could not prepare",
          "[recovery][simulation]") {
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto undisturbed = simulate(seed, {.failures = false});
    const auto disturbed = simulate(seed, {.only_at = "file_sink.before_seal"});
    INFO("seed " << seed << ": " << disturbed.error);
    REQUIRE(disturbed.state == actors::JobState::finished);
    REQUIRE(disturbed.rows == undisturbed.rows);
    failures += disturbed.failures;
  }
  CHECK(failures > 60);
}

TEST_CASE("failures at the end of a run double and lose nothing", "[recovery][simulation]") {
  const std::string at = GENERATE("commit.after", "finish.before_sinks", "finish.before_manifest",
                                  "finish.after_manifest");
  std::size_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const auto undisturbed = simulate(seed, {.failures = false});
    const auto disturbed = simulate(seed, {.only_at = at});
    INFO("seed " << seed << " at " << at << ": " << disturbed.error);
    REQUIRE(disturbed.state == actors::JobState::finished);
    REQUIRE(disturbed.rows == undisturbed.rows);
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
    const auto expected = simulate(seed, {.failures = false});
    const auto broken = simulate(seed, {.broken_alignment = true});
    if (broken.rows != expected.rows || broken.state != expected.state) {
      // It is the failures that bring it to light, not the switch alone.
      CHECK(simulate(seed, {.failures = false, .broken_alignment = true}).rows == expected.rows);
      WARN("noticed with seed " << seed);
      return;
    }
  }
  FAIL("200 seeds did not notice");
}
