#include "flow/record/value.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <limits>

namespace flow::testing {

TEST_CASE("values print as NDJSON writes them", "[unit][record]") {
  CHECK(to_string(Value{}) == "null");
  CHECK(to_string(Value{true}) == "true");
  CHECK(to_string(Value{std::int32_t{-7}}) == "-7");
  CHECK(to_string(Value{std::numeric_limits<std::int64_t>::min()}) == "-9223372036854775808");
  CHECK(to_string(Value{0.1}) == "0.1");
  CHECK(to_string(Value{1e300}) == "1e+300");
  CHECK(to_string(Value{std::string{"é"}}) == "é");
  CHECK(to_string(Value{Bytes{std::string("\0\xab", 2)}}) == "\\x00ab");
  CHECK(to_string(Value{Date{0}}) == "1970-01-01");
  CHECK(to_string(Value{EventTime{1'500'000}}) == "1970-01-01T00:00:01.500000Z");
}

TEST_CASE("values come out of every encoding", "[unit][record]") {
  const Batch plain = batch("s:string", {{"a"}, {nullptr}, {"b"}});
  const Batch coded = with_dictionary(plain, 0);
  CHECK(rows_of(plain) == rows_of(coded));
  CHECK(rows_of(select(coded, {2})) == std::vector<std::vector<Value>>{{std::string{"b"}}});
}

TEST_CASE("a table aligns text left and numbers right", "[unit][record]") {
  const Batch rows =
      batch("origin:string delay:int32", {{"SFO", 5}, {"Zürich", 120}, {nullptr, nullptr}});
  CHECK(pretty(rows) ==
        "origin  delay\n"
        "SFO         5\n"
        "Zürich    120\n"
        "null     null\n");
}

TEST_CASE("a table shows row kinds and says what it leaves out", "[unit][record]") {
  const Batch rows = changelog("v:int64", {{"+I", 1}, {"-U", 1}, {"+U", 2}});
  CHECK(pretty(rows, 2) ==
        "    v\n"
        "+I  1\n"
        "-U  1\n"
        "… 1 more rows\n");
}

TEST_CASE("a table keeps each row on one short line", "[unit][record]") {
  const auto text = pretty(batch("s:string", {{"two\nlines\x1b[31m"}, {std::string(500, 'x')}}));
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.size() < 200);
}

}  // namespace flow::testing
