#include "flow/state/timer_state.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <optional>
#include <set>

namespace flow {
namespace {

Timer timer(std::int64_t at, std::uint64_t hash) {
  return {EventTime{at}, hash, std::to_string(hash)};
}

TEST_CASE("timers come back by time, of the keys that are asked for", "[unit][state]") {
  TimerState timers;
  for (const auto& each : {timer(5, 9), timer(3, 7), timer(3, 2), timer(8, 1), timer(3, 7)})
    timers.set(each);
  CHECK(timers.size() == 4);
  std::vector<Timer> due;
  timers.take_due(EventTime{5}, {2, 7}, 1, due);
  CHECK(due == std::vector{timer(3, 2)});
  timers.take_due(EventTime{5}, {2, 7}, 9, due);
  CHECK(due == std::vector{timer(3, 2), timer(3, 7)});
  CHECK(timers.cancel(timer(5, 9)));
  CHECK_FALSE(timers.cancel(timer(5, 9)));
  CHECK(timers.size() == 1);
}

// The model is a set; the snapshot is what it held at the barrier.
TEST_CASE("timers are copied out as they were at the barrier", "[unit][state]") {
  Random random{testing::test_seed()};
  for (int round = 0; round < 300; ++round) {
    INFO("round " << round);
    TimerState timers;
    std::set<Timer> model;
    std::optional<std::set<Timer>> at_barrier;
    std::set<Timer> copied;
    const auto write = [&](const Timer& each) -> Status {
      CHECK(copied.insert(each).second);
      return {};
    };
    for (int step = 0; step < 120; ++step) {
      const auto some = timer(random.between(0, 20), random.below(6));
      switch (random.below(5)) {
        case 0:
        case 1:
          timers.set(some);
          model.insert(some);
          break;
        case 2:
          CHECK(timers.cancel(some) == (model.erase(some) == 1));
          break;
        case 3: {
          std::vector<Timer> due;
          timers.take_due(some.at, {}, 3, due);
          for (const auto& each : due) CHECK(model.erase(each) == 1);
          break;
        }
        default:
          if (!at_barrier) {
            timers.begin_copy_out();
            at_barrier = model;
            copied.clear();
          }
          std::int64_t budget = 1;
          const auto done = timers.copy_out(write, budget);
          REQUIRE(done);
          if (!*done) break;
          CHECK(copied == *at_barrier);
          at_barrier.reset();
      }
    }
    CHECK(timers.size() == model.size());
  }
}

}  // namespace
}  // namespace flow
