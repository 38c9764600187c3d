#include "flow/base/error.hpp"
#include "support/catch.hpp"

namespace flow {
namespace {

TEST_CASE("an error in a topology is shown as the manual shows it", "[unit][error]") {
  std::string source;
  for (int line = 1; line < 17; ++line) source += "#\n";
  source += "    filter: dely > 15\n  more:\n";
  const Error error = Error{Errc::bad_argument, "no column 'dely' in 'flights'"}
                          .with_note("columns of 'flights': date, origin, destination, delay")
                          .with_remedy("did you mean 'delay'?")
                          .at({"configs/topologies/x.yaml", 17, 13, 4});
  CHECK(render(error, source) ==
        "configs/topologies/x.yaml:17:13: error E1007: no column 'dely' in 'flights'\n"
        "   17 |     filter: dely > 15\n"
        "      |             ^~~~\n"
        "   columns of 'flights': date, origin, destination, delay      did you mean 'delay'?\n");
}

TEST_CASE("an error without a place starts with its code", "[unit][error]") {
  const Error error = Error{Errc::io_failed, "'flights' cannot read data/flights-07.csv.gz"}
                          .with_cause("gzip stream ends early at byte 1,048,576")
                          .with_note("nothing was committed after checkpoint 14")
                          .with_remedy("set `on_error: skip` on 'flights' to read on")
                          .with_context("source 'flights'")
                          .with_context("subtask 2/4");
  CHECK(render(error) ==
        "error E1001: 'flights' cannot read data/flights-07.csv.gz: gzip stream ends early at byte "
        "1,048,576\n"
        "   in source 'flights', subtask 2/4\n"
        "   nothing was committed after checkpoint 14\n"
        "   set `on_error: skip` on 'flights' to read on\n");
}

std::string excerpt_of(SourcePlace place, std::string_view source) {
  const std::string text = render(Error{Errc::bad_argument, "m"}.at(std::move(place)), source);
  return text.substr(text.find('\n') + 1);
}

TEST_CASE("the excerpt underlines what it can and never leaves the line", "[unit][error]") {
  CHECK(excerpt_of({"f", 1, 0, 0}, "abc") == "    1 | abc\n");
  CHECK(excerpt_of({"f", 1, 2, 0}, "abc") == "    1 | abc\n      |  ^\n");
  CHECK(excerpt_of({"f", 1, 2, 99}, "abc\r\n") == "    1 | abc\n      |  ^~\n");
  CHECK(excerpt_of({"f", 1, 99, 2}, "abc") == "    1 | abc\n      |    ^\n");
  CHECK(excerpt_of({"f", 3, 1, 1}, "abc\n").empty());
  CHECK(excerpt_of({"f", 2, 1, 1}, "abc\n") == "    2 | \n      | ^\n");
  CHECK(excerpt_of({"f", 123456, 1, 1}, std::string(123455, '\n') + "z") ==
        "123456 | z\n       | ^\n");
}

TEST_CASE("the excerpt counts characters and keeps the terminal safe", "[unit][error]") {
  CHECK(excerpt_of({"f", 1, 4, 1}, "grü!") == "    1 | grü!\n      |    ^\n");
  CHECK(excerpt_of({"f", 1, 3, 1}, "\t\x1b!") == "    1 |   !\n      |   ^\n");
  CHECK(excerpt_of({"f", 1, 2, 1}, "\xff!") == "    1 | ?!\n      |  ^\n");
  CHECK(excerpt_of({"f", 1, 2, 1}, "\xe2\x82") == "    1 | ??\n      |  ^\n");
}

TEST_CASE("a very long line is cut around the place", "[unit][error]") {
  const std::string text =
      excerpt_of({"f", 1, 501, 3}, std::string(500, 'a') + "BAD" + std::string(500, 'c'));
  const std::size_t newline = text.find('\n');
  CHECK(newline < 150);
  CHECK_THAT(text, testing::ContainsSubstring("…a") && testing::ContainsSubstring("aBADc") &&
                       testing::ContainsSubstring("c…"));
  // "…" is three bytes and one column.
  CHECK(text.substr(newline + 1).find('^') + 2 == text.find("BAD"));
}

TEST_CASE("a place without a file is a place in the text", "[unit][error]") {
  CHECK(render(Error{Errc::bad_argument, "m"}.at({"", 1, 2, 1})) == "<text>:1:2: error E1007: m\n");
  CHECK(render(Error{Errc::bad_argument, "m"}.at({"f", 0, 0, 0})) == "f: error E1007: m\n");
}

}  // namespace
}  // namespace flow
