#include "flow/expr/aggregate_call.hpp"

#include "support/catch.hpp"

using namespace flow;

namespace {

std::vector<std::string> arguments_of(const AggregateCall& call) {
  std::vector<std::string> texts;
  for (const auto& argument : call.arguments) texts.push_back(argument.text);
  return texts;
}

AggregateCall parsed(const std::string& text) {
  auto call = parse_aggregate({text, SourcePlace{"x.yaml", 3, 10, 0}});
  INFO(text);
  REQUIRE(call);
  return *call;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an aggregate text is split into function and arguments", "[unit][expr][aggregate]") {
  CHECK(parsed("count()").function == "count");
  CHECK(parsed("count()").arguments.empty());
  CHECK(parsed("COUNT(*)").function == "count");
  CHECK(parsed("count(*)").arguments.empty());
  CHECK(arguments_of(parsed("avg(delay)")) == Texts{"delay"});
  CHECK(arguments_of(parsed("sum( price * (2 + fee) )")) == Texts{"price * (2 + fee)"});
  CHECK(arguments_of(parsed("top(a, f(b, c), 'x,)''y', \"od,d\", 3)")) ==
        Texts{"a", "f(b, c)", "'x,)''y'", "\"od,d\"", "3"});
  CHECK(arguments_of(parsed("sum(/* a, b */ x -- , )\n)")).size() == 1);
  CHECK(arguments_of(parsed("max(E'it\\'s,')")) == Texts{"E'it\\'s,'"});
}

TEST_CASE("an aggregate text carries DISTINCT, FILTER and places", "[unit][expr][aggregate]") {
  const auto call = parsed("sum(DISTINCT  price, 2) FILTER (WHERE ok AND (x > 1))");
  CHECK(call.distinct);
  CHECK(arguments_of(call) == Texts{"price", "2"});
  REQUIRE(call.filter);
  CHECK(call.filter->text == "ok AND (x > 1)");
  CHECK(call.place == SourcePlace{"x.yaml", 3, 10, 3});
  CHECK(call.arguments[0].place.column == 24);
  CHECK(call.arguments[1].place.column == 31);
  CHECK(call.filter->place.column == 48);
  CHECK_FALSE(parsed("sum(ALL price)").distinct);
}

TEST_CASE("what is not one aggregate call is refused", "[unit][expr][aggregate]") {
  const auto code = [](const char* text) {
    const auto call = parse_aggregate({text});
    INFO(text);
    REQUIRE_FALSE(call);
    return call.error().code();
  };
  CHECK(code("delay") == Errc::not_an_aggregate);
  CHECK(code("sum(a) + 1") == Errc::not_an_aggregate);
  CHECK(code("sum(a) OVER ()") == Errc::not_an_aggregate);
  CHECK(code("array_agg(a ORDER BY b)") == Errc::not_an_aggregate);
  CHECK(code("sum(a), sum(b)") == Errc::unsupported_expression);
  CHECK(code("sum(a") == Errc::syntax_error);
  CHECK(code("extract(hour FROM a)") == Errc::not_an_aggregate);
}
