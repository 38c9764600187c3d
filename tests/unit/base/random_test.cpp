#include "flow/base/random.hpp"

#include "flow/base/ids.hpp"
#include "support/catch.hpp"

#include <limits>

namespace flow {
namespace {

TEST_CASE("the same seed gives the same numbers for ever", "[unit][random]") {
  Random random{1};
  // Written down once: data that jobs generate depends on them.
  CHECK(random.next() == 14233695028433725123ull);
  CHECK(random.next() == 151843346328975388ull);
  CHECK(mix64(0) == 16294208416658607535ull);
}

TEST_CASE("numbers stay in their bounds and reach them", "[unit][random]") {
  Random random{7};
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto number = random.between(-3, 3);
    REQUIRE(number >= -3);
    REQUIRE(number <= 3);
    low = low || number == -3;
    high = high || number == 3;
    REQUIRE(random.below(5) < 5);
    const double unit = random.unit();
    REQUIRE(unit >= 0.0);
    REQUIRE(unit < 1.0);
    static_cast<void>(random.between(std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()));
  }
  CHECK(low);
  CHECK(high);
}

TEST_CASE("every key group has one owner at any parallelism", "[unit][ids]") {
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u, 100u, 128u}) {
    std::uint32_t next = 0;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      const KeyGroupRange range = key_groups_of({i}, parallelism, 128);
      CHECK(range.first == next);
      next = range.last;
      for (std::uint32_t g = range.first; g < range.last; ++g) {
        CHECK(owner_of({g}, parallelism, 128) == SubtaskIndex{i});
      }
    }
    CHECK(next == 128);
  }
}

}  // namespace
}  // namespace flow
