#include "flow/base/random.hpp"
#include "flow/base/units.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

namespace flow {
namespace {

constexpr std::int64_t kNine = 1'205'485'200'000'000;  // 2008-03-14T09:00:00Z

TEST_CASE("timestamps are written as ISO 8601 in UTC", "[unit][time]") {
  CHECK(format_timestamp({kNine}) == "2008-03-14T09:00:00Z");
  CHECK(format_timestamp({kNine + 123'456}) == "2008-03-14T09:00:00.123456Z");
  CHECK(format_timestamp({kNine + 5}) == "2008-03-14T09:00:00.000005Z");
  CHECK(format_timestamp({0}) == "1970-01-01T00:00:00Z");
  CHECK(format_timestamp({-1}) == "1969-12-31T23:59:59.999999Z");
  CHECK(format_timestamp(EventTime::min()) == "-infinity");
  CHECK(format_timestamp(EventTime::max()) == "infinity");
}

TEST_CASE("timestamps are read in every allowed form", "[unit][time]") {
  for (const char* text :
       {"2008-03-14T09:00:00Z", "2008-03-14 09:00:00", "2008-03-14T09:00", "2008-03-14T09:00:00.0",
        "2008-03-14T11:00:00+02:00", "2008-03-14T11:00:00+0200", "2008-03-14T11:00:00+02",
        "2008-03-14T05:30:00-03:30", "2008-03-14t09:00:00z", "2008-03-14T08:59:60Z"}) {
    INFO(text);
    const auto parsed = parse_timestamp(text);
    REQUIRE(parsed);
    CHECK(parsed->micros == kNine);
  }
  CHECK(parse_timestamp("2008-03-14T09:00:00.123456Z")->micros == kNine + 123'456);
  CHECK(parse_timestamp("2008-03-14T09:00:00.5Z")->micros == kNine + 500'000);
  CHECK(parse_timestamp("2008-03-14T09:00:00.123456999Z")->micros == kNine + 123'456);
  CHECK(*parse_timestamp("2008-03-14") == EventTime{kNine - 9 * 3'600'000'000});
  CHECK(*parse_timestamp("2008-03-13T24:00:00") == *parse_timestamp("2008-03-14"));
  CHECK(*parse_timestamp("infinity") == EventTime::max());
  CHECK(*parse_timestamp("-infinity") == EventTime::min());
}

TEST_CASE("a text that is no timestamp is refused with the reason", "[unit][time]") {
  for (const char* text : {"",
                           "now",
                           "2008-3-14",
                           "2008-13-01",
                           "2008-02-30",
                           "2007-02-29",
                           "1900-02-29",
                           "08-03-14",
                           "2008-03-14T",
                           "2008-03-14T9:00",
                           "2008-03-14T24:00:01",
                           "2008-03-14T09:60:00",
                           "2008-03-14T09:00:61",
                           "2008-03-14T09:00:00.",
                           "2008-03-14T09:00:00.1234567890",
                           "2008-03-14T09:00:00+",
                           "2008-03-14T09:00:00+2",
                           "2008-03-14T09:00:00+19:00",
                           "2008-03-14T09:00:00Zx",
                           "2008-03-14T09:00:00 Z",
                           "+999999-01-01",
                           "-0001",
                           "12008-01-01"}) {
    INFO(text);
    const auto parsed = parse_timestamp(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == Errc::bad_argument);
    CHECK_FALSE(parsed.error().cause().empty());
  }
}

TEST_CASE("every timestamp survives being written and read", "[unit][time]") {
  Random random{testing::test_seed()};
  for (int i = 0; i < 5000; ++i) {
    const EventTime time{static_cast<std::int64_t>(random.next()) >> random.below(40)};
    const std::string text = format_timestamp(time);
    INFO(text);
    const auto parsed = parse_timestamp(text);
    REQUIRE(parsed);
    CHECK(*parsed == time);
  }
  for (const std::int64_t edge : {EventTime::min().micros + 1, EventTime::max().micros - 1}) {
    CHECK(parse_timestamp(format_timestamp({edge}))->micros == edge);
  }
}

TEST_CASE("dates count days and survive being written and read", "[unit][time]") {
  CHECK(format_date(0) == "1970-01-01");
  CHECK(format_date(-1) == "1969-12-31");
  CHECK(format_date(13'952) == "2008-03-14");
  CHECK(*parse_date("2008-03-14") == 13'952);
  CHECK(*parse_date("2000-02-29") == 11'016);
  CHECK(format_date(-719'528) == "0000-01-01");
  CHECK(format_date(-719'529) == "-0001-12-31");
  CHECK(format_date(2'932'897) == "+10000-01-01");
  for (const std::int32_t days : {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX}) {
    INFO(days);
    CHECK(*parse_date(format_date(days)) == days);
  }
  CHECK_FALSE(parse_date("2008-03-14T09:00:00"));
  CHECK_FALSE(parse_date("2008-03-32"));
  CHECK_FALSE(parse_date("+9999999-01-01"));
}

}  // namespace
}  // namespace flow
