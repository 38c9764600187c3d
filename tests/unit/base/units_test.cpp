#include "flow/base/units.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

namespace flow {
namespace {

TEST_CASE("durations are numbers with units", "[unit][units]") {
  CHECK(*parse_duration("250ms") == Micros{250'000});
  CHECK(*parse_duration("5s") == Micros{5'000'000});
  CHECK(*parse_duration("10m") == Micros{600'000'000});
  CHECK(*parse_duration("1h") == Micros{3'600'000'000});
  CHECK(*parse_duration("2d") == Micros{172'800'000'000});
  CHECK(*parse_duration("7us") == Micros{7});
  CHECK(*parse_duration("1h30m") == Micros{5'400'000'000});
  CHECK(*parse_duration("1.5s") == Micros{1'500'000});
  CHECK(*parse_duration("5 s") == Micros{5'000'000});
  CHECK(*parse_duration("0") == Micros{0});
}

TEST_CASE("a text that is no duration is refused with the reason", "[unit][units]") {
  for (const char* text :
       {"", "5", "s", "-5s", "5 sec", "5x", "1m1h", "1s1s", "1.s", ".5s", "1..5s", "0.5us",
        "99999999999999999999s", "106751992d", "5s!", "1e3s"}) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == Errc::bad_argument);
    CHECK_FALSE(parsed.error().cause().empty());
    CHECK_FALSE(parsed.error().remedy().empty());
  }
}

TEST_CASE("durations are written shortest and read back", "[unit][units]") {
  CHECK(format_duration(Micros{0}) == "0s");
  CHECK(format_duration(Micros{90'000'000}) == "90s");
  CHECK(format_duration(Micros{5'400'000'000}) == "90m");
  CHECK(format_duration(Micros{250'000}) == "250ms");
  CHECK(format_duration(Micros{1}) == "1us");
  CHECK(format_duration(Micros{-5'000'000}) == "-5s");
  CHECK(format_duration(Micros::min()) == "-9223372036854775808us");
  Random random{testing::test_seed()};
  for (int i = 0; i < 1000; ++i) {
    const Micros duration{static_cast<std::int64_t>(random.next() >> (1 + random.below(60)))};
    CHECK(*parse_duration(format_duration(duration)) == duration);
  }
}

TEST_CASE("sizes are numbers with units", "[unit][units]") {
  CHECK(*parse_bytes("64KiB") == 64_KiB);
  CHECK(*parse_bytes("8GiB") == 8_GiB);
  CHECK(*parse_bytes("512 MiB") == 512_MiB);
  CHECK(*parse_bytes("10B") == ByteCount{10});
  CHECK(*parse_bytes("10") == ByteCount{10});
  CHECK(*parse_bytes("1.5GiB") == ByteCount{3ull << 29});
  CHECK(*parse_bytes("2MB") == ByteCount{2'000'000});
  for (const char* text :
       {"", "KiB", "-1", "1.5B", "8 G", "8GiBs", "1MiB2", "20000000TiB", "0x10"}) {
    INFO(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("numbers are written for people", "[unit][units]") {
  CHECK(format_bytes({2'100'000}) == "2.1 MB");
  CHECK(format_bytes({512}) == "512 B");
  CHECK(format_bytes({999'999}) == "1.0 MB");
  CHECK(format_bytes({213'000'000}) == "213 MB");
  CHECK(format_bytes({0}) == "0 B");
  CHECK(format_count(3'201'442) == "3,201,442");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1'000) == "1,000");
  CHECK(format_rate(2'410'000) == "2.41 M");
  CHECK(format_rate(13'700) == "13.7 K");
  CHECK(format_rate(0) == "0");
  CHECK(format_rate(999.7) == "1.00 K");
  CHECK(format_rate(42) == "42");
  CHECK(format_rate(3.25) == "3.2");
  CHECK(format_rate(9.99e5) == "999 K");
}

TEST_CASE("event time saturates instead of wrapping", "[unit][units]") {
  constexpr EventTime near_end{EventTime::max().micros - 5};
  CHECK(near_end + Micros{10} == EventTime::max());
  CHECK(EventTime::max() - Micros{10} == EventTime::max());
  CHECK(EventTime::min() + Micros{10} == EventTime::min());
  CHECK(EventTime{EventTime::min().micros + 5} - Micros{10} == EventTime::min());
  CHECK(EventTime{10} - Micros{3} == EventTime{7});
}

}  // namespace
}  // namespace flow
