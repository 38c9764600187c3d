// What a user sees when an expression is wrong: code, place, cause, suggestion.
#include "evaluation.hpp"

#include "support/catch.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

const SchemaPtr& flights() {
  static const auto schema = make_schema({{"date", types::timestamp},
                                          {"origin", types::string},
                                          {"destination", types::string},
                                          {"delay", types::int32}});
  return schema;
}

Error error_of(const std::string& text, std::optional<DataType> expected = {}) {
  CompileOptions options;
  options.input = "flights";
  options.expected = expected;
  const auto expression =
      Expression::compile({text, SourcePlace{"x.yaml", 17, 13, 0}}, *flights(), options);
  INFO(text);
  REQUIRE_FALSE(expression);
  return expression.error();
}

/// `E1104 at 17:13+4`
std::string where(const std::string& text, std::optional<DataType> expected = {}) {
  const auto error = error_of(text, expected);
  return to_string(error.code()) + " at " + std::to_string(error.where().line) + ":" +
         std::to_string(error.where().column) + "+" + std::to_string(error.where().length);
}

}  // namespace

TEST_CASE("an unknown column is shown in the form of the manual", "[unit][expr][errors]") {
  const std::string yaml = std::string(16, '\n') + "    filter: dely > 15\n";
  CHECK(render(error_of("dely > 15"), yaml) ==
        "x.yaml:17:13: error E1104: no column 'dely' in 'flights'\n"
        "   17 |     filter: dely > 15\n"
        "      |             ^~~~\n"
        "   columns of 'flights': date, origin, destination, delay      did you mean 'delay'?\n");
}

TEST_CASE("errors point at the token that is wrong", "[unit][expr][errors]") {
  CHECK(where("delay > 15 AND orgin = 'x'") == "E1104 at 17:28+5");
  CHECK(where("delay > 'abc'") == "E1107 at 17:21+5");
  CHECK(where("delay + origin") == "E1106 at 17:19+1");
  CHECK(where("lowr(origin)") == "E1105 at 17:13+4");
  CHECK(where("origin = 'é' AND dely = 1") == "E1104 at 17:30+4");
  CHECK(where("delay >") == "E1101 at 17:20+1");
  CHECK(where("delay > ) 1") == "E1101 at 17:21+1");
  CHECK(where("delay::inteer") == "E1109 at 17:20+6");
  CHECK(where("now() > date") == "E1108 at 17:13+3");
  CHECK(where("delay + 1", types::boolean) == "E1106 at 17:13+9");
  CHECK(where("1 + 1 / 0 > delay") == "E1121 at 17:19+1");
}

TEST_CASE("the place follows lines of a block", "[unit][expr][errors]") {
  const auto expression = Expression::compile(
      ExpressionText{
          "delay > 15\n  AND dely < 3", SourcePlace{"x.yaml", 4, 7, 0}, {{0, 4, 7}, {13, 5, 9}}},
      *flights());
  REQUIRE_FALSE(expression);
  CHECK(expression.error().where() == SourcePlace{"x.yaml", 5, 13, 4});
}

TEST_CASE("every error names a remedy or the choices", "[unit][expr][errors]") {
  const auto remedy = [](const std::string& text) { return error_of(text).remedy(); };
  CHECK(remedy("lowr(origin)") == "did you mean 'lower'?");
  CHECK(remedy("delay == 1") == "equality is written with one '='");
  CHECK_THAT(remedy("delay::numeric"), ContainsSubstring("float64"));
  CHECK_THAT(remedy("delay::bigin"), ContainsSubstring("bigint"));
  CHECK_THAT(remedy("origin + destination"), ContainsSubstring("||"));
  CHECK_THAT(remedy("date + 5"), ContainsSubstring("interval"));
  CHECK_THAT(remedy("delay = origin"), ContainsSubstring("::"));
  CHECK_THAT(remedy("\"LAX\" = origin"), ContainsSubstring("single quotes"));
  CHECK_THAT(remedy("other.delay > 1"), ContainsSubstring("'flights'"));
  CHECK_THAT(remedy("extract(hours_of FROM date)"), ContainsSubstring("hour"));
  CHECK_THAT(remedy("current_timestamp > date"), ContainsSubstring("column"));
  CHECK_THAT(error_of("split_part(origin)").notes().at(0), ContainsSubstring("split_part(string"));
  CHECK(
      Expression::compile({"flights.delay > 1"}, *flights(), {.input = "flights", .expected = {}}));
}

TEST_CASE("what is not a scalar expression is refused", "[unit][expr][errors]") {
  for (const char* text : {"delay, origin",
                           "delay AS d",
                           "*",
                           "delay FROM t",
                           "1 UNION SELECT 2",
                           "delay; DROP TABLE t",
                           "(SELECT 1)",
                           "delay IN (SELECT 1)",
                           "EXISTS (SELECT 1)",
                           "count(*)",
                           "sum(delay)",
                           "sum(DISTINCT delay)",
                           "row_number() OVER ()",
                           "ARRAY[1, 2]",
                           "delay = ANY(ARRAY[1])",
                           "ROW(1, 2)",
                           "(delay).x",
                           "delay[1]",
                           "$1",
                           "origin COLLATE \"C\"",
                           "date AT TIME ZONE 'UTC'",
                           "origin SIMILAR TO 'a'",
                           "origin ~ 'a'",
                           "B'101'",
                           "DISTINCT delay",
                           "delay ORDER BY 1",
                           "delay LIMIT 1",
                           "a.b.c",
                           "delay::int4[]",
                           "origin::varchar(3)",
                           "xmlelement(name a)",
                           "f(a => 1)",
                           "delay WHERE true",
                           "delay GROUP BY 1",
                           "INTO x delay"}) {
    INFO(text);
    const auto expression = Expression::compile({text}, *flights());
    REQUIRE_FALSE(expression);
    const auto code = expression.error().code();
    CHECK((code == Errc::unsupported_expression || code == Errc::syntax_error ||
           code == Errc::unknown_column));
  }
}

TEST_CASE("malformed text is a clean error", "[unit][expr][errors]") {
  CHECK(error_of("").code() == Errc::syntax_error);
  CHECK(error_of("  \n ").code() == Errc::syntax_error);
  CHECK(error_of("-- only a comment").code() == Errc::syntax_error);
  CHECK(error_of("origin = '\xff'").code() == Errc::syntax_error);
  CHECK(error_of(std::string{"delay\0> 1", 9}).code() == Errc::syntax_error);
  CHECK(error_of("'unterminated").code() == Errc::syntax_error);
  CHECK(error_of("delay &&& 2").code() == Errc::unsupported_expression);
}

TEST_CASE("hostile text cannot overflow the stack", "[unit][expr][errors]") {
  const auto repeated = [](int times, const std::string& text) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  // Parentheses leave no trace in the tree, so the parser's limit is the one that counts.
  CHECK(error_of(repeated(10000, "(") + "1" + repeated(10000, ")")).code() ==
        Errc::expression_too_large);
  CHECK(Expression::compile({repeated(1000, "(") + "1" + repeated(1000, ")")}, *flights()));
  CHECK(error_of(repeated(10000, "- ") + "delay").code() == Errc::expression_too_large);
  CHECK(error_of(repeated(30000, "1+") + "1").code() == Errc::expression_too_large);
  CHECK(error_of(repeated(5000, "NOT ") + "true").code() == Errc::expression_too_large);
  CHECK(error_of(repeated(2000, "CASE WHEN true THEN ") + "1" + repeated(2000, " END")).code() ==
        Errc::expression_too_large);
  CHECK(error_of(repeated(5000, "lower(") + "origin" + repeated(5000, ")")).code() ==
        Errc::expression_too_large);
  CHECK(error_of("delay" + repeated(6000, "::int8")).code() == Errc::expression_too_large);
  CHECK(error_of(repeated(40000, "1+") + "1").code() == Errc::expression_too_large);
  // Wide is fine.
  CHECK(Expression::compile({"delay > 1" + repeated(3000, " AND delay < 9")}, *flights()));
  CHECK(Expression::compile({"delay IN (1" + repeated(20000, ",2") + ")"}, *flights()));
  CHECK(Expression::compile({repeated(300, "(1 + ") + "delay" + repeated(300, ")")}, *flights()));
}
