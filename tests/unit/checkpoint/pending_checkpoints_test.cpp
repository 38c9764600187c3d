#include "flow/checkpoint/pending_checkpoints.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <set>

namespace flow {
namespace {

using namespace std::chrono_literals;

constexpr SubtaskId kA{0, {0}};
constexpr SubtaskId kB{0, {1}};
constexpr SubtaskId kC{1, {0}};

SubtaskSnapshot part(const std::string& name) {
  return {{{name, {0}, 1, {}, {}, {}}}, {{name, {1}, {0}, "c"}}};
}

TEST_CASE("a checkpoint is complete with its last acknowledgement", "[unit][pending]") {
  PendingCheckpoints pending;
  pending.begin({1}, {kC, kA, kB}, 5s, 10s);
  CHECK(pending.acknowledge({1}, kC, part("c")) == AckOutcome::waiting);
  CHECK(pending.acknowledge({1}, kA, part("a")) == AckOutcome::waiting);
  CHECK(pending.acknowledge({1}, kB, part("b")) == AckOutcome::complete);
  const auto complete = pending.take({1});
  CHECK(complete.epoch == Epoch{1});
  CHECK(complete.begun == 5s);
  REQUIRE(complete.operators.size() == 3);
  // In the order of the plan, not of arrival: the same checkpoint is the same manifest.
  CHECK(complete.operators[0].operator_name == "a");
  CHECK(complete.operators[1].operator_name == "b");
  CHECK(complete.operators[2].operator_name == "c");
  CHECK(complete.committables.size() == 3);
  CHECK(pending.count() == 0);
}

TEST_CASE("what was heard already or is over is ignored", "[unit][pending]") {
  PendingCheckpoints pending;
  pending.begin({1}, {kA, kB}, 0s, 10s);
  CHECK(pending.acknowledge({1}, kA, part("first")) == AckOutcome::waiting);
  CHECK(pending.acknowledge({1}, kA, part("second")) == AckOutcome::duplicate);
  CHECK(pending.acknowledge({2}, kA, part("x")) == AckOutcome::stale);
  CHECK(pending.acknowledge({1}, kC, part("x")) == AckOutcome::stale);
  CHECK_FALSE(pending.decline({1}, kA, Error{Errc::io_failed, "x"}));
  CHECK_FALSE(pending.decline({1}, kC, Error{Errc::io_failed, "x"}));
  CHECK_FALSE(pending.decline({7}, kA, Error{Errc::io_failed, "x"}));
  CHECK(pending.acknowledge({1}, kB, part("b")) == AckOutcome::complete);
  CHECK(pending.acknowledge({1}, kB, part("b")) == AckOutcome::duplicate);
  CHECK(pending.take({1}).operators[0].operator_name == "first");
  CHECK(pending.acknowledge({1}, kB, part("b")) == AckOutcome::stale);
}

TEST_CASE("a declined checkpoint says who and why", "[unit][pending]") {
  PendingCheckpoints pending;
  pending.begin({3}, {kA, kC}, 0s, 10s);
  const auto failed = pending.decline({3}, kC, Error{Errc::disk_full, "cannot write 'x'"});
  REQUIRE(failed);
  CHECK(failed->epoch == Epoch{3});
  CHECK(failed->error.code() == Errc::checkpoint_declined);
  CHECK_THAT(failed->error.message(), testing::ContainsSubstring("subtask 0 of chain 1"));
  CHECK_THAT(failed->error.cause(), testing::ContainsSubstring("E1005: cannot write 'x'"));
  CHECK(pending.count() == 0);
}

TEST_CASE("a checkpoint past its deadline says who is missing", "[unit][pending]") {
  PendingCheckpoints pending;
  pending.begin({1}, {kA, kB}, 0s, 10s);
  pending.begin({2}, {kA, kB}, 5s, 15s);
  pending.begin({3}, {kA}, 6s, 16s);
  CHECK(pending.next_deadline() == PendingCheckpoints::Time{10s});
  CHECK(pending.acknowledge({1}, kA, part("a")) == AckOutcome::waiting);
  CHECK(pending.acknowledge({3}, kA, part("a")) == AckOutcome::complete);
  CHECK(pending.expire(9999ms).empty());
  const auto failed = pending.expire(20s);
  REQUIRE(failed.size() == 2);  // not the third: it only waits to be taken
  CHECK(failed[0].epoch == Epoch{1});
  CHECK(failed[0].error.code() == Errc::checkpoint_expired);
  CHECK_THAT(failed[0].error.message(), testing::ContainsSubstring("after 20s"));
  CHECK_THAT(
      failed[0].error.cause(),
      testing::ContainsSubstring("1 of 2 subtasks are missing, first: subtask 1 of chain 0"));
  CHECK(failed[1].epoch == Epoch{2});
  CHECK(pending.take({3}).epoch == Epoch{3});
  CHECK_FALSE(pending.next_deadline());
}

TEST_CASE("a complete checkpoint subsumes older ones", "[unit][pending]") {
  PendingCheckpoints pending;
  pending.begin({1}, {kA}, 0s, 10s);
  pending.begin({2}, {kA}, 0s, 10s);
  pending.begin({3}, {kA}, 0s, 10s);
  CHECK(pending.acknowledge({2}, kA, part("a")) == AckOutcome::complete);
  CHECK(pending.take({2}).subsumed == std::vector<Epoch>{{1}});
  CHECK(pending.is_pending({3}));
  CHECK(pending.acknowledge({1}, kA, part("a")) == AckOutcome::stale);
  pending.clear();
  CHECK(pending.count() == 0);
}

TEST_CASE("misuse is found", "[unit][pending]") {
  PendingCheckpoints pending;
  CHECK_THROWS_AS(pending.begin({1}, {}, 0s, 1s), InvariantViolation);
  CHECK_THROWS_AS(pending.begin({1}, {kA, kA}, 0s, 1s), InvariantViolation);
  pending.begin({2}, {kA}, 0s, 1s);
  CHECK_THROWS_AS(pending.begin({2}, {kA}, 0s, 1s), InvariantViolation);
  CHECK_THROWS_AS(pending.take({2}), InvariantViolation);
}

TEST_CASE("in any order each checkpoint ends exactly once", "[unit][pending]") {
  Random random{testing::test_seed()};
  for (int round = 0; round < 500; ++round) {
    PendingCheckpoints pending;
    std::set<Epoch> open;
    std::set<std::pair<Epoch, SubtaskId>> acknowledged;
    std::uint64_t next = 1;
    const std::vector<SubtaskId> subtasks{kA, kB, kC};
    std::chrono::nanoseconds now{};
    for (int i = 0; i < 60; ++i) {
      const Epoch epoch{1 + random.below(next)};
      const SubtaskId subtask = subtasks[random.below(3)];
      switch (random.below(5)) {
        case 0:
          open.insert({next});
          pending.begin({next++}, subtasks, now, now + 10s);
          break;
        case 1:
          if (random.chance(0.2)) {
            const bool known = open.contains(epoch) && !acknowledged.contains({epoch, subtask});
            CHECK(pending.decline(epoch, subtask, Error{Errc::io_failed, "x"}).has_value() ==
                  known);
            if (known) open.erase(epoch);
          }
          break;
        case 2:
          if (random.chance(0.3)) {
            now += 4s;
            for (const auto& failed : pending.expire(now)) CHECK(open.erase(failed.epoch) == 1);
          }
          break;
        default: {
          const AckOutcome outcome = pending.acknowledge(epoch, subtask, {});
          if (!open.contains(epoch)) {
            CHECK(outcome == AckOutcome::stale);
          } else if (!acknowledged.insert({epoch, subtask}).second) {
            CHECK(outcome == AckOutcome::duplicate);
          } else {
            const bool all = std::all_of(subtasks.begin(), subtasks.end(), [&](SubtaskId id) {
              return acknowledged.contains({epoch, id});
            });
            CHECK(outcome == (all ? AckOutcome::complete : AckOutcome::waiting));
            if (all) {
              for (const Epoch older : pending.take(epoch).subsumed) CHECK(open.erase(older) == 1);
              open.erase(epoch);
            }
          }
        }
      }
      CHECK(pending.count() == open.size());
    }
  }
}

}  // namespace
}  // namespace flow
