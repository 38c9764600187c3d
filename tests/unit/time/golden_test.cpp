// What snapshots keep of time must not change unnoticed.
#include "support/golden.hpp"

#include "flow/time/sequential_splits.hpp"
#include "flow/time/watermark_combiner.hpp"
#include "support/catch.hpp"

namespace flow::testing {

TEST_CASE("a watermark combiner is stored the same", "[unit][time][golden]") {
  WatermarkCombiner combiner{4};
  combiner.on_watermark(0, {1'000'000});
  combiner.on_watermark(1, {-7});
  combiner.on_idle(1);
  combiner.on_finished(2);
  const auto bytes = combiner.encode();
  expect_golden("time/watermark-combiner-v1.bin", bytes);
  WatermarkCombiner restored{4};
  REQUIRE(restored.restore(golden("time/watermark-combiner-v1.bin")));
  CHECK(restored.encode() == bytes);
}

TEST_CASE("a completed prefix is stored the same", "[unit][time][golden]") {
  CompletedPrefix prefix;
  prefix.on_done({0, {5}});
  prefix.on_done({1, {-5}});
  prefix.on_done({3, {70'000'000'000}});
  prefix.on_done({9, EventTime::min()});
  expect_golden("time/completed-prefix-v1.bin", prefix.encode());
  const auto restored = CompletedPrefix::decode(golden("time/completed-prefix-v1.bin"));
  REQUIRE(restored);
  CHECK(*restored == prefix);
}

}  // namespace flow::testing
