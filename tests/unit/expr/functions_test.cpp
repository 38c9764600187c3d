#include "evaluation.hpp"

#include "support/catch.hpp"

#include <limits>

using namespace flow;
using namespace flow::testing;

TEST_CASE("text functions count characters, not bytes", "[unit][expr][text]") {
  CHECK(shown("length('日本é')") == "3");
  CHECK(shown("octet_length('日本é')") == "8");
  CHECK(shown("length('')") == "0");
  CHECK(shown("length('\\x00ff'::bytes)") == "2");
  CHECK(shown("substring('日本é' FROM 2 FOR 1)") == "本");
  CHECK(shown("substring('flow', 0, 3)") == "fl");
  CHECK(shown("substring('flow', -1, 3)") == "f");
  CHECK(shown("substring('flow', 3)") == "ow");
  CHECK(shown("substring('flow', 9)") == "");
  CHECK(shown("substring('flow', 2, 2147483647)") == "low");
  CHECK(shown("substring('flow', -2147483648, 5)") == "");
  CHECK(shown("substring('flow', 2, -1)") == "E1124");
  CHECK(shown("position('é' IN 'aéé')") == "2");
  CHECK(shown("position('' IN 'a')") == "1");
  CHECK(shown("strpos('a', 'b')") == "0");
  CHECK(shown("left('日本é', -1)") == "日本");
  CHECK(shown("right('日本é', 2)") == "本é");
  CHECK(shown("right('ab', -3)") == "");
  CHECK(shown("upper('aé')") == "Aé");
}

TEST_CASE("text is trimmed, replaced and split", "[unit][expr][text]") {
  CHECK(shown("trim('  a b ')") == "a b");
  CHECK(shown("trim(both 'é' from 'ééaé')") == "a");
  CHECK(shown("trim(leading 'xy' from 'yxab')") == "ab");
  CHECK(shown("rtrim('a\tb  ')") == "a\tb");
  CHECK(shown("btrim('xxx', 'x')") == "");
  CHECK(shown("replace('aaa', 'a', 'bb')") == "bbbbbb");
  CHECK(shown("replace('aaa', '', 'b')") == "aaa");
  CHECK(shown("replace('a-b', '-', '')") == "ab");
  CHECK(shown("split_part('a,b,c', ',', 2)") == "b");
  CHECK(shown("split_part('a,b,c', ',', -1)") == "c");
  CHECK(shown("split_part('a,b,c', ',', 4)") == "");
  CHECK(shown("split_part('abc', '', 1)") == "abc");
  CHECK(shown("split_part('a', ',', 0)") == "E1124");
  CHECK(shown("starts_with('abc', 'ab')") == "true");
  CHECK(shown("'a' || NULL") == "null");
  CHECK(shown("'a' || true || 1.5") == "atrue1.5");
  CHECK(shown("'\\x01'::bytes || '\\x02'::bytes = '\\x0102'") == "true");
}

TEST_CASE("LIKE matches whole texts", "[unit][expr][text]") {
  CHECK(shown("'abc' LIKE 'abc'") == "true");
  CHECK(shown("'abc' LIKE 'b'") == "false");
  CHECK(shown("'abc' LIKE '%b%'") == "true");
  CHECK(shown("'abc' LIKE 'a_c'") == "true");
  CHECK(shown("'aéc' LIKE 'a_c'") == "true");
  CHECK(shown("'' LIKE '%'") == "true");
  CHECK(shown("'' LIKE '_'") == "false");
  CHECK(shown("'abab' LIKE '%ab'") == "true");
  CHECK(shown("'aXbXc' LIKE 'a%X_'") == "true");
  CHECK(shown("'aab' LIKE '%a_b%'") == "true");
  CHECK(shown("'10%' LIKE '10\\%'") == "true");
  CHECK(shown("'10x' LIKE '10\\%'") == "false");
  CHECK(shown("'a_b' LIKE 'a#_b' ESCAPE '#'") == "true");
  CHECK(shown("'a\\b' LIKE 'a\\b' ESCAPE ''") == "true");
  CHECK(shown("'ABC' ILIKE '%b_'") == "true");
  CHECK(shown("'abc' NOT LIKE 'x%'") == "true");
  CHECK(shown("'a' LIKE 'a\\'") == "E1124");
  CHECK(shown("'a' LIKE NULL") == "null");
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"text", types::string}, {"pattern", types::string}});
  const auto batch = make_rows(schema,
                               {{std::string{"flow"}, std::string{"f%w"}},
                                {std::string{"flow"}, std::string{"_l"}},
                                {std::string{"x"}, null_value()}},
                               *pool);
  CHECK(evaluate_text("text LIKE pattern", batch, *pool).value() ==
        std::vector<Value>{true, false, null_value()});
}

TEST_CASE("fields of a timestamp", "[unit][expr][time]") {
  const auto field = [](const char* name, const char* from) {
    return shown("extract(" + std::string{name} + " FROM " + from + ")::string");
  };
  const char* at = "timestamp '2004-02-29 13:45:30.25'";
  CHECK(field("year", at) == "2004");
  CHECK(field("quarter", at) == "1");
  CHECK(field("week", at) == "9");
  CHECK(field("dow", at) == "0");
  CHECK(field("isodow", at) == "7");
  CHECK(field("doy", at) == "60");
  CHECK(field("second", at) == "30.25");
  CHECK(field("milliseconds", at) == "30250");
  CHECK(field("century", at) == "21");
  CHECK(field("millennium", "timestamp '2000-12-31 00:00:00'") == "2");
  CHECK(field("epoch", "timestamp '1969-12-31 23:59:59.5'") == "-0.5");
  CHECK(field("isoyear", "timestamp '2005-01-01 00:00:00'") == "2004");
  CHECK(field("hour", "timestamp '1900-01-01 23:00:00'") == "23");
  CHECK(field("day", "date '2004-02-29'") == "29");
  CHECK(field("year", "timestamp 'infinity'") == "Infinity");
  CHECK(field("month", "timestamp '-infinity'") == "null");
  CHECK(field("year", "'0001-01-01 BC'::timestamp") == "-1");
  CHECK(field("epoch", "(timestamp '2004-02-29 00:00:10' - timestamp '2004-02-28 00:00:00')") ==
        "86410");
  CHECK(shown("extract(hour FROM date '2004-02-29')") == "E1124");
}

TEST_CASE("timestamps are truncated, moved and subtracted", "[unit][expr][time]") {
  CHECK(shown("date_trunc('hour', timestamp '1969-12-31 23:59:59')::string") ==
        "1969-12-31 23:00:00");
  CHECK(shown("date_trunc('week', timestamp '2004-02-29 10:00:00')::string") ==
        "2004-02-23 00:00:00");
  CHECK(shown("date_trunc('quarter', timestamp '2004-05-29 10:00:00')::string") ==
        "2004-04-01 00:00:00");
  CHECK(shown("date_trunc('century', timestamp '2000-05-29 10:00:00')::string") ==
        "1901-01-01 00:00:00");
  CHECK(shown("date_trunc('fortnight', timestamp '2000-05-29 10:00:00')") == "E1124");
  CHECK(shown("(timestamp '2004-01-31 00:00:00' + interval '1 month')::string") ==
        "2004-02-29 00:00:00");
  CHECK(shown("(timestamp '2004-03-31 00:00:00' - interval '1 month')::string") ==
        "2004-02-29 00:00:00");
  CHECK(shown("(timestamp '2004-01-31 00:00:00' + '90 minutes')::string") == "2004-01-31 01:30:00");
  CHECK(shown("(timestamp '2004-01-31 00:00:00' + 3 * interval '20 minutes')::string") ==
        "2004-01-31 01:00:00");
  CHECK(shown("(date '2004-02-28' + 2)::string") == "2004-03-01");
  CHECK(shown("date '2004-03-01' - date '2004-02-28'") == "2");
  CHECK(shown("(date '2004-02-28' + interval '1 hour')::string") == "2004-02-28 01:00:00");
  CHECK(shown("(timestamp 'infinity' + interval '1 day')::string") == "infinity");
  CHECK(shown("timestamp '294246-12-31 00:00:00' + interval '1 year'") == "E1123");
  CHECK(shown("date '5874897-12-31' + 1") == "E1123");
  CHECK(shown("date '2004-02-28' < timestamp '2004-02-28 00:00:01'") == "true");
  CHECK(shown("timestamp '2004-02-28 00:00:01'::date = date '2004-02-28'") == "true");
  CHECK(shown("timestamp '2008-03-14T09:00:00+02:00'::string") == "2008-03-14 07:00:00");
  CHECK(shown("timestamp '2004-02-30 00:00:00'") == "E1107");
  CHECK(shown("interval '1 day'") == "E1106");
}

TEST_CASE("the first and the last times of all are printed, taken apart and moved",
          "[unit][expr][time]") {
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  constexpr auto kFirstDay = std::numeric_limits<std::int32_t>::min();
  constexpr auto kLastDay = std::numeric_limits<std::int32_t>::max();
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"t", types::timestamp}, {"d", types::date}});
  const auto batch = make_rows(schema,
                               {{EventTime{kFirst}, Date{kFirstDay}},
                                {EventTime{kFirst + 1}, Date{kFirstDay + 1}},
                                {EventTime{kLast - 1}, Date{kLastDay - 1}},
                                {EventTime{kLast}, Date{kLastDay}}},
                               *pool);
  // One text per row; an error stands alone.
  const auto column = [&](const std::string& text) {
    std::vector<std::string> shown;
    const auto values = evaluate_text(text, batch, *pool);
    if (!values) return std::vector<std::string>{std::string{to_string(values.error().code())}};
    for (const auto& value : *values) shown.push_back(to_string(value));
    return shown;
  };
  using Texts = std::vector<std::string>;
  CHECK(column("t::string") == Texts{"-infinity", "290309-12-21 19:59:05.224193 BC",
                                     "294247-01-10 04:00:54.775806", "infinity"});
  CHECK(column("d::string") ==
        Texts{"5877642-06-23 BC", "5877642-06-24 BC", "5881580-07-10", "5881580-07-11"});
  CHECK(column("extract(microseconds FROM t)::string") ==
        Texts{"null", "5224193", "54775806", "null"});
  CHECK(column("extract(minute FROM t)::string") == Texts{"null", "59", "0", "null"});
  CHECK(column("extract(hour FROM t)::string") == Texts{"null", "19", "4", "null"});
  CHECK(column("extract(day FROM t)::string") == Texts{"null", "21", "10", "null"});
  CHECK(column("extract(year FROM t)::string") ==
        Texts{"-Infinity", "-290309", "294247", "Infinity"});
  CHECK(column("extract(year FROM d)::string") ==
        Texts{"-5877642", "-5877642", "5881580", "5881580"});
  for (const std::string part :
       {"second", "milliseconds", "week", "month", "quarter", "decade", "century", "millennium",
        "isoyear", "dow", "isodow", "doy", "julian", "epoch"}) {
    CAPTURE(part);
    CHECK(column("extract(" + part + " FROM t)::string").size() == 4);
  }
  for (const std::string part : {"week", "month", "quarter", "decade", "century", "millennium",
                                 "isoyear", "dow", "isodow", "doy", "julian", "epoch"}) {
    CAPTURE(part);
    CHECK(column("extract(" + part + " FROM d)::string").size() == 4);
  }
  // Truncating goes down, below what timestamps hold; only the last can be truncated.
  for (const std::string unit :
       {"microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter",
        "year", "decade", "century", "millennium"}) {
    CAPTURE(unit);
    CHECK(column("date_trunc('" + unit + "', t)") == Texts{"E1123"});
    CHECK(column("CASE WHEN t > '2000-01-01' THEN date_trunc('" + unit + "', t)::string END")
              .size() == 4);
  }
  CHECK(column("CASE WHEN t > '2000-01-01' THEN date_trunc('hour', t)::string END") ==
        Texts{"null", "null", "294247-01-10 04:00:00", "infinity"});
  for (const std::string by : {"1 microsecond", "1 day", "1 month", "300000 years"}) {
    CAPTURE(by);
    for (const std::string sign : {" + ", " - "}) {
      CHECK(column("t" + sign + "interval '" + by + "'") == Texts{"E1123"});
      CHECK(column("CASE WHEN t IN ('infinity', '-infinity') THEN (t" + sign + "interval '" + by +
                   "')::string END") == Texts{"-infinity", "null", "null", "infinity"});
    }
  }
  CHECK(column("CASE WHEN t > '2000-01-01' THEN (t - interval '1 day')::string END") ==
        Texts{"null", "null", "294247-01-09 04:00:54.775806", "infinity"});
  // An interval can bring the first times back into what timestamps hold.
  CHECK(column("CASE WHEN t < '2000-01-01' THEN (t + interval '290000 years')::string END") ==
        Texts{"-infinity", "0309-12-21 19:59:05.224193 BC", "null", "null"});
  CHECK(column("extract(epoch FROM t - timestamp '2000-01-01 00:00:00')") == Texts{"E1123"});
  CHECK(column("extract(epoch FROM CASE WHEN t > '2000-01-01' AND t < 'infinity' THEN t - "
               "timestamp '1970-01-01 00:00:00' END) > 9e12") ==
        Texts{"null", "null", "true", "null"});
  CHECK(column("d + 1") == Texts{"E1123"});
  CHECK(column("d - 1") == Texts{"E1123"});
  CHECK(column("d - d = 0") == Texts{"true", "true", "true", "true"});
  CHECK(column("d - date '2000-01-01'") == Texts{"E1120"});
  CHECK(column("d::timestamp") == Texts{"E1123"});
  CHECK(column("CASE WHEN t > '2000-01-01' AND t < 'infinity' THEN t::date::string END") ==
        Texts{"null", "null", "294247-01-10", "null"});
}

TEST_CASE("interval literals", "[unit][expr][time]") {
  const auto moved = [](const std::string& interval) {
    return shown("(timestamp '2000-01-01 00:00:00' + " + interval + ")::string");
  };
  CHECK(moved("interval '1 day 02:03:04.5'") == "2000-01-02 02:03:04.5");
  CHECK(moved("interval '-1 day'") == "1999-12-31 00:00:00");
  CHECK(moved("interval '1.5 hours'") == "2000-01-01 01:30:00");
  CHECK(moved("interval '2 weeks 3 days'") == "2000-01-18 00:00:00");
  CHECK(moved("interval '1 year 2 mons'") == "2001-03-01 00:00:00");
  CHECK(moved("interval '5' minute") == "2000-01-01 00:05:00");
  CHECK(moved("interval '1 hour ago'") == "1999-12-31 23:00:00");
  CHECK(moved("interval '250ms'") == "2000-01-01 00:00:00.25");
  CHECK(moved("(- interval '1 hour')") == "1999-12-31 23:00:00");
  CHECK(moved("(interval '1 hour' - interval '30 minutes')") == "2000-01-01 00:30:00");
  CHECK(moved("interval '1 month' * 1.5") == "2000-02-16 00:00:00");
  CHECK(moved("interval '5 parsecs'") == "E1107");
  CHECK(moved("interval ''") == "E1107");
  CHECK(moved("interval '1 year 99999999999 months'") == "E1107");
  CHECK(moved("interval '1:-5'") == "E1107");
  CHECK(moved("interval '1:00:-5'") == "E1107");
  CHECK(moved("interval '1:-9000000000000000000'") == "E1107");
  CHECK(moved("interval '2147483647 days' * 1.0000000000000002") == "E1123");
  // Just under a day more than the most days: rounding makes it a whole one.
  CHECK(moved("(interval '2147483647 days 1 month' * 0.9999999999999999)") == "E1123");
}

TEST_CASE("conversions from and to bytes", "[unit][expr][conversion]") {
  CHECK(shown("'\\x0aFF'::bytes::string") == "\\x0aff");
  CHECK(shown("'a\\\\b\\001'::bytes::string") == "\\x615c6201");
  CHECK(shown("'\\xf'::bytes") == "E1107");
  CHECK(shown("lower('\\x1')::bytes") == "E1122");
  CHECK(shown("true::int8") == "E1106");
  CHECK(shown("timestamp '2000-01-01 00:00:00'::int8") == "E1106");
}

TEST_CASE("text that would grow without bound is refused", "[unit][expr][text]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"s", types::string}});
  const auto batch = make_rows(schema, {{std::string(1 << 20, 'x')}}, *pool);
  const auto result =
      evaluate_text("replace(s, 'x', '" + std::string(100, 'y') + "')", batch, *pool);
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == Errc::text_too_large);
}
