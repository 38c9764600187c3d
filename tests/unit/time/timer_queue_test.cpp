#include "flow/time/timer_queue.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

namespace flow::testing {

TEST_CASE("wakeups come once, by time and then by id", "[unit][timer]") {
  TimerQueue<int> timers;
  timers.set(3, {20});
  timers.set(1, {20});
  timers.set(2, {10});
  timers.set(4, {30});
  timers.set(4, {5});  // moved
  timers.cancel(7);
  CHECK(timers.next() == EventTime{5});
  CHECK(timers.take_due({4}).empty());
  CHECK(timers.take_due({20}) == std::vector{4, 2, 1, 3});
  CHECK(timers.empty());
  CHECK_FALSE(timers.next());
}

TEST_CASE("a timer queue is a map sorted by time, in random runs", "[unit][timer]") {
  Random random{test_seed()};
  TimerQueue<std::uint32_t> timers;
  std::map<std::uint32_t, EventTime> model;
  for (auto step = 0; step < 5'000; ++step) {
    const auto id = static_cast<std::uint32_t>(random.below(20));
    const EventTime time{random.between(step, step + 100)};
    switch (random.below(4)) {
      case 0:
        timers.cancel(id);
        model.erase(id);
        break;
      case 1: {
        auto last = EventTime::min();
        for (const auto due : timers.take_due({step})) {
          REQUIRE(model.contains(due));
          REQUIRE(model[due] <= EventTime{step});
          REQUIRE(model[due] >= last);
          last = model[due];
          model.erase(due);
        }
        for (const auto& [left, at] : model) REQUIRE(at > EventTime{step});
        break;
      }
      default:
        timers.set(id, time);
        model[id] = time;
    }
    std::optional<EventTime> next;
    for (const auto& [left, at] : model)
      if (!next || at < *next) next = at;
    REQUIRE(timers.next() == next);
    REQUIRE(timers.of(id) == (model.contains(id) ? std::optional{model[id]} : std::nullopt));
  }
}

}  // namespace flow::testing
