#include "flow/time/idleness.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

namespace flow::testing {
namespace {

using std::chrono::milliseconds;

}  // namespace

TEST_CASE("a source is idle after its timeout without rows, and not before it was asked",
          "[unit][idleness]") {
  IdlenessDetector idleness{milliseconds{30}};
  CHECK_FALSE(idleness.is_idle(milliseconds{1000}));
  CHECK_FALSE(idleness.idle_at());
  idleness.on_starved(milliseconds{1000});
  CHECK(idleness.idle_at() == milliseconds{1030});
  CHECK_FALSE(idleness.is_idle(milliseconds{1029}));
  CHECK(idleness.is_idle(milliseconds{1030}));
  idleness.on_rows(milliseconds{1040});
  CHECK_FALSE(idleness.is_idle(milliseconds{1069}));
  CHECK(idleness.is_idle(milliseconds{1070}));
}

TEST_CASE("backpressured time does not count", "[unit][idleness]") {
  IdlenessDetector idleness{milliseconds{30}};
  idleness.on_starved(milliseconds{0});
  idleness.on_blocked(milliseconds{20});
  CHECK_FALSE(idleness.idle_at());
  CHECK_FALSE(idleness.is_idle(milliseconds{3'600'000}));
  idleness.on_starved(milliseconds{3'600'000});
  CHECK(idleness.idle_at() == milliseconds{3'600'010});
  CHECK(idleness.is_idle(milliseconds{3'600'010}));
}

TEST_CASE("without a timeout nothing is ever idle", "[unit][idleness]") {
  IdlenessDetector idleness{std::nullopt};
  idleness.on_starved(milliseconds{0});
  CHECK_FALSE(idleness.is_idle(milliseconds{1'000'000'000}));
  CHECK_FALSE(idleness.idle_at());
}

TEST_CASE("idleness is the time asked without rows, in random runs", "[unit][idleness]") {
  Random random{test_seed()};
  for (auto run = 0; run < 100; ++run) {
    IdlenessDetector idleness{milliseconds{10}};
    auto asked = false;
    auto without_rows = 0;  // milliseconds counted one by one
    for (auto now = 0; now < 500; ++now) {
      const milliseconds time{now};
      REQUIRE(idleness.is_idle(time) == (without_rows >= 10));
      if (idleness.idle_at())
        CHECK((*idleness.idle_at() - time).count() / 1'000'000 == 10 - without_rows);
      switch (random.below(30)) {
        case 0:
          idleness.on_rows(time);
          without_rows = 0;
          break;
        case 1:
          idleness.on_blocked(time);
          asked = false;
          break;
        case 2:
        case 3:
          idleness.on_starved(time);
          asked = true;
          break;
        default:
          break;
      }
      without_rows += asked ? 1 : 0;
    }
  }
}

}  // namespace flow::testing
