#include "flow/checkpoint/barrier_aligner.hpp"

#include "flow/base/check.hpp"
#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace flow {
namespace {

using Outcome = BarrierAligner::Outcome;
constexpr std::nullopt_t kNone = std::nullopt;

TEST_CASE("channels wait for each other at a barrier", "[unit][aligner]") {
  BarrierAligner aligner{3};
  CHECK(aligner.on_barrier(1, {5}) == Outcome{});
  CHECK(aligner.is_blocked(1));
  CHECK_FALSE(aligner.is_blocked(0));
  CHECK(aligner.on_barrier(0, {5}) == Outcome{});
  CHECK(aligner.on_barrier(2, {5}) == Outcome{Epoch{5}, kNone, false});
  for (std::size_t channel = 0; channel < 3; ++channel) CHECK_FALSE(aligner.is_blocked(channel));
}

TEST_CASE("a single channel is aligned at once", "[unit][aligner]") {
  BarrierAligner aligner{1};
  CHECK(aligner.on_barrier(0, {1}).aligned == Epoch{1});
  CHECK(aligner.on_barrier(0, {2}).aligned == Epoch{2});
}

TEST_CASE("a newer barrier gives the older alignment up", "[unit][aligner]") {
  BarrierAligner aligner{3};
  CHECK(aligner.on_barrier(0, {1}) == Outcome{});
  CHECK(aligner.on_barrier(1, {2}) == Outcome{kNone, Epoch{1}, false});
  CHECK_FALSE(aligner.is_blocked(0));
  CHECK(aligner.is_blocked(1));
  CHECK(aligner.on_barrier(2, {1}).stale);
  CHECK(aligner.on_barrier(0, {2}) == Outcome{});
  CHECK(aligner.on_barrier(2, {2}).aligned == Epoch{2});
}

TEST_CASE("a newer barrier on a blocked channel blocks it for the newer epoch", "[unit][aligner]") {
  BarrierAligner aligner{2};
  CHECK(aligner.on_barrier(0, {1}) == Outcome{});
  CHECK(aligner.on_barrier(0, {2}) == Outcome{kNone, Epoch{1}, false});
  CHECK(aligner.on_barrier(1, {2}) == Outcome{Epoch{2}, kNone, false});
}

TEST_CASE("a cancelled epoch frees its channels and is never aligned", "[unit][aligner]") {
  BarrierAligner aligner{2};
  CHECK(aligner.on_barrier(0, {4}) == Outcome{});
  CHECK(aligner.on_cancelled({4}) == Outcome{kNone, Epoch{4}, false});
  CHECK_FALSE(aligner.is_blocked(0));
  CHECK(aligner.on_barrier(1, {4}).stale);
  CHECK(aligner.on_cancelled({3}).stale);
  CHECK(aligner.on_barrier(0, {5}) == Outcome{});
  CHECK(aligner.on_cancelled({4}).stale);
  CHECK(aligner.is_blocked(0));
  CHECK(aligner.on_barrier(1, {5}).aligned == Epoch{5});
}

TEST_CASE("doubled and late barriers change nothing", "[unit][aligner]") {
  BarrierAligner aligner{2};
  CHECK(aligner.on_barrier(0, {1}) == Outcome{});
  CHECK(aligner.on_barrier(0, {1}).stale);
  CHECK_FALSE(aligner.is_blocked(1));
  CHECK(aligner.on_barrier(1, {1}).aligned == Epoch{1});
  CHECK(aligner.on_barrier(1, {1}).stale);
}

TEST_CASE("what can only be our bug is found", "[unit][aligner]") {
  CHECK_THROWS_AS(BarrierAligner{0}, InvariantViolation);
}

// The model: per channel a queue of ascending epochs, of which some are left out on some channels
// (given up upstream). It says what must hold, not how.
TEST_CASE("any interleaving aligns each complete epoch once, in order", "[unit][aligner]") {
  Random random{testing::test_seed()};
  for (int round = 0; round < 3000; ++round) {
    INFO("round " << round);
    const std::size_t channels = 1 + random.below(5);
    const std::uint64_t epochs = random.below(7);
    std::vector<std::deque<std::uint64_t>> queues(channels);
    std::vector<std::uint64_t> delivered(channels, 0);  // last barrier; 0 = none
    std::vector<bool> complete(epochs + 1, true);       // no channel leaves it out
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::uint64_t e = 1; e <= epochs; ++e) {
        if (random.chance(0.1)) {
          complete[e] = false;
        } else {
          queues[c].push_back(e);
        }
      }
    }
    BarrierAligner aligner{channels};
    std::vector<std::uint64_t> aligned;
    std::uint64_t cancelled = 0;
    std::uint64_t aligning = 0;  // the highest epoch seen; 0 = none under way
    const auto note = [&](const Outcome& outcome) {
      if (outcome.given_up || outcome.aligned) aligning = 0;
      if (!outcome.aligned) return;
      const std::uint64_t epoch = outcome.aligned->value;
      if (!aligned.empty()) CHECK(epoch > aligned.back());
      CHECK(epoch > cancelled);
      for (std::size_t c = 0; c < channels; ++c) CHECK(delivered[c] == epoch);
      aligned.push_back(epoch);
    };
    for (;;) {
      std::vector<std::size_t> ready;
      for (std::size_t c = 0; c < channels; ++c) {
        if (!queues[c].empty() && !aligner.is_blocked(c)) ready.push_back(c);
        // Blocked is exactly who delivered the epoch being aligned.
        CHECK(aligner.is_blocked(c) == (aligning != 0 && delivered[c] == aligning));
      }
      if (ready.empty()) break;
      if (random.chance(0.03)) {
        const std::uint64_t epoch = random.below(epochs + 1);
        note(aligner.on_cancelled({epoch}));
        cancelled = std::max(cancelled, epoch);
      }
      const std::size_t c = ready[random.below(ready.size())];
      if (aligner.is_blocked(c)) continue;
      const std::uint64_t epoch = queues[c].front();
      queues[c].pop_front();
      delivered[c] = epoch;
      const auto outcome = aligner.on_barrier(c, {epoch});
      note(outcome);
      if (!outcome.stale && !outcome.aligned) aligning = epoch;
    }
    // An epoch that no channel left out and nobody cancelled was aligned.
    for (std::uint64_t e = cancelled + 1; e <= epochs; ++e) {
      const bool reached = std::any_of(delivered.begin(), delivered.end(),
                                       [&](std::uint64_t last) { return last >= e; });
      if (complete[e] && reached) CHECK(std::count(aligned.begin(), aligned.end(), e) == 1);
    }
    // Nothing is stuck: what still waits, waits for channels that never deliver the epoch.
    if (aligning != 0) CHECK_FALSE(complete[aligning]);
  }
}

}  // namespace
}  // namespace flow
