#include "time_text.hpp"

#include "time_zone.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/missing.hpp"
#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

std::string read(const ColumnText& column, std::string_view text) {
  auto reader = TimeText::make(column);
  REQUIRE(reader);
  std::int64_t micros = 0;
  return reader->parse(text, micros) ? format_timestamp({micros}) : "bad: " + reader->problem();
}

}  // namespace

TEST_CASE("ISO timestamps are read the fast way as the careful way reads them", "[unit][format]") {
  Random random{test_seed()};
  auto reader = TimeText::make({});
  for (int i = 0; i < 20'000; ++i) {
    auto text =
        format_timestamp({random.between(-70'000'000'000'000'000, 260'000'000'000'000'000)});
    if (random.chance(0.3)) text[10] = ' ';
    if (random.chance(0.3) && text.back() == 'Z') text.pop_back();
    // A wrong character somewhere, often.
    if (random.chance(0.5)) text[random.below(text.size())] = "0123456789:-.TZ x"[random.below(17)];
    std::int64_t micros = 0;
    const bool ok = reader->parse(text, micros);
    const auto careful = parse_timestamp(text);
    INFO(text);
    REQUIRE(ok == careful.has_value());
    if (ok) REQUIRE(micros == careful->micros);
  }
}

TEST_CASE("timestamps of other shapes are read by their format", "[unit][format]") {
  CHECK(read({"%Y/%m/%d %H:%M", "", ""}, "2001/02/03 04:05") == "2001-02-03T04:05:00Z");
  CHECK(read({"%d.%m.%y", "", ""}, "3.2.01") == "2001-02-03T00:00:00Z");
  CHECK(read({"%e %b %Y %I:%M %p", "", ""}, "3 Feb 2001 12:05 PM") == "2001-02-03T12:05:00Z");
  CHECK(read({"%d/%B/%Y:%T %z", "", ""}, "03/february/2001:04:05:06 +0130") ==
        "2001-02-03T02:35:06Z");
  CHECK(read({"%s.%f", "", ""}, "981173106.25") == "2001-02-03T04:05:06.250000Z");
  CHECK(read({"%Y%j", "", ""}, "2001034") == "2001-02-03T00:00:00Z");
  CHECK_THAT(read({"%Y/%m/%d", "", ""}, "2001-02-03"), StartsWith("bad: does not have the form"));
  CHECK_THAT(read({"%Y/%m/%d", "", ""}, "2001/02/30"), StartsWith("bad: is no day or time"));
  CHECK_THAT(read({"%Y/%m/%d", "", ""}, "2001/02/03 "), StartsWith("bad: "));
  CHECK(TimeText::make({"%Q", "", ""}).error().code() == Errc::bad_format);
  CHECK(TimeText::make({"%", "", ""}).error().code() == Errc::bad_format);
}

TEST_CASE("integers are timestamps in the unit of the column", "[unit][format]") {
  CHECK(read({"", "", "s"}, "-1") == "1969-12-31T23:59:59Z");
  CHECK(read({"", "", "ms"}, "1500") == "1970-01-01T00:00:01.500000Z");
  CHECK(read({"", "", "us"}, "1") == "1970-01-01T00:00:00.000001Z");
  CHECK(read({"", "", "ns"}, "-1") == "1969-12-31T23:59:59.999999Z");
  CHECK(read({"", "", "ms"}, "2001-02-03") == "2001-02-03T00:00:00Z");
  CHECK_THAT(read({"", "", "s"}, "9223372036854775807"), StartsWith("bad: is out of the range"));
  CHECK_THAT(read({"", "", "s"}, "99999999999999999999"), StartsWith("bad: is out of the range"));
  CHECK_THAT(read({"", "", "s"}, "12x"), StartsWith("bad: "));
  CHECK_THAT(read({}, "1500"), StartsWith("bad: "));
  CHECK(TimeText::make({"", "", "minutes"}).error().code() == Errc::bad_format);
}

TEST_CASE("wall clocks of a zone are read with its offset at that time", "[unit][format]") {
  CHECK(read({"", "+02:00", ""}, "2001-02-03T04:05:06") == "2001-02-03T02:05:06Z");
  CHECK(read({"", "-05:30", ""}, "2001-02-03T04:05:06") == "2001-02-03T09:35:06Z");
  CHECK(TimeText::make({"", "-0530", ""}).error().code() == Errc::bad_format);
  const ColumnText new_york{"", "America/New_York", ""};
  if (!TimeText::make(new_york)) {
    testing::missing("no zone files here (package tzdata): names of zones are not tested");
    return;
  }
  CHECK(read(new_york, "2001-01-15T12:00:00") == "2001-01-15T17:00:00Z");
  CHECK(read(new_york, "2001-07-15T12:00:00") == "2001-07-15T16:00:00Z");
  CHECK(read(new_york, "2001-07-15T12:00:00Z") == "2001-07-15T12:00:00Z");
  CHECK(read(new_york, "2001-07-15T12:00:00+01:00") == "2001-07-15T11:00:00Z");
  // 2001-10-28 01:30 happens twice: the first one counts. 2001-04-01 02:30 never does.
  CHECK(read(new_york, "2001-10-28T01:30:00") == "2001-10-28T05:30:00Z");
  CHECK(read(new_york, "2001-10-28T02:00:00") == "2001-10-28T07:00:00Z");
  CHECK(read(new_york, "2001-04-01T02:30:00") == "2001-04-01T07:30:00Z");
  // Behind the last transition of the zone file its rule goes on.
  CHECK(read(new_york, "2150-01-15T12:00:00") == "2150-01-15T17:00:00Z");
  CHECK(read(new_york, "2150-07-15T12:00:00") == "2150-07-15T16:00:00Z");
  CHECK(read({"%d.%m.%Y %H:%M", "Australia/Sydney", ""}, "15.01.2100 12:00") ==
        "2100-01-15T01:00:00Z");
  CHECK(TimeText::make({"", "Nowhere/Atlantis", ""}).error().code() == Errc::bad_format);
  CHECK(TimeText::make({"", "../../../etc/passwd", ""}).error().code() == Errc::bad_format);
}

TEST_CASE("a damaged zone file is refused", "[unit][format]") {
  std::string bytes = "TZif2";
  CHECK(TimeZone::parse(bytes, "x").error().code() == Errc::bad_format);
  Random random{test_seed()};
  for (int i = 0; i < 2000; ++i) {
    std::string noise = "TZif2" + std::string(15, '\0');
    const auto size = random.below(200);
    for (std::uint64_t j = 0; j < size; ++j)
      noise += static_cast<char>(random.chance(0.7) ? random.below(3) : random.next());
    const auto zone = TimeZone::parse(noise, "x");
    if (zone) (void)(*zone)->to_utc(static_cast<std::int64_t>(random.next()));
  }
}
