#include "flow/expr/expression.hpp"

#include "evaluation.hpp"

#include "flow/expr/functions.hpp"
#include "flow/record/compact.hpp"
#include "support/catch.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

const SchemaPtr& flights() {
  static const auto schema = make_schema({{"date", types::timestamp},
                                          {"origin", types::string},
                                          {"destination", types::string},
                                          {"delay", types::int32},
                                          {"distance", types::int64},
                                          {"ratio", types::float64},
                                          {"late", types::boolean}});
  return schema;
}

Batch some_flights(SlabPool& pool) {
  const auto at = [](std::int64_t micros) { return Value{EventTime{micros}}; };
  return make_rows(flights(),
                   {{at(0), std::string{"LAX"}, std::string{"JFK"}, std::int32_t{5},
                     std::int64_t{2475}, 0.5, false},
                    {at(1), std::string{"JFK"}, std::string{"JFK"}, std::int32_t{30},
                     std::int64_t{0}, 1.5, true},
                    {at(2), null_value(), std::string{"SFO"}, null_value(), std::int64_t{100},
                     null_value(), null_value()},
                    {at(3), std::string{"SFO"}, std::string{"LAX"}, std::int32_t{-3},
                     std::int64_t{337}, -2.0, false}},
                   pool);
}

std::vector<std::string> texts(const std::string& expression) {
  const auto pool = SlabPool::make();
  const auto values = evaluate_text(expression, some_flights(*pool), *pool);
  if (!values) return {values.error().to_line()};
  std::vector<std::string> out;
  for (const auto& value : *values)
    out.push_back(std::holds_alternative<std::monostate>(value) ? "null" : to_string(value));
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("expressions compute columns from columns, nulls stay null", "[unit][expr]") {
  CHECK(texts("delay + 1") == Texts{"6", "31", "null", "-2"});
  CHECK(texts("delay * distance - 7") == Texts{"12368", "-7", "null", "-1018"});
  CHECK(texts("distance / 2 + delay % 4") == Texts{"1238", "2", "null", "165"});
  CHECK(texts("origin || '-' || destination") == Texts{"LAX-JFK", "JFK-JFK", "null", "SFO-LAX"});
  CHECK(texts("lower(origin)") == Texts{"lax", "jfk", "null", "sfo"});
  CHECK(texts("ratio * 2 > 0 AND delay > 4") == Texts{"true", "true", "null", "false"});
  CHECK(texts("late IS NOT TRUE") == Texts{"true", "false", "true", "true"});
  CHECK(texts("delay > 4 OR origin IS NULL") == Texts{"true", "true", "true", "false"});
  CHECK(texts("COALESCE(delay, -1)") == Texts{"5", "30", "-1", "-3"});
  CHECK(texts("COALESCE(origin, destination)") == Texts{"LAX", "JFK", "SFO", "SFO"});
  CHECK(texts("CASE WHEN delay > 15 THEN 'late' WHEN delay < 0 THEN 'early' END") ==
        Texts{"null", "late", "null", "early"});
  CHECK(texts("NULLIF(origin, destination)") == Texts{"LAX", "null", "null", "SFO"});
  CHECK(texts("GREATEST(delay, distance, 50)") == Texts{"2475", "50", "100", "337"});
  CHECK(texts("origin IN ('SFO', 'LAX')") == Texts{"true", "false", "null", "true"});
  CHECK(texts("delay IN (5, NULL)") == Texts{"true", "null", "null", "null"});
  CHECK(texts("delay NOT BETWEEN 0 AND 20") == Texts{"false", "true", "null", "true"});
  CHECK(texts("origin IS DISTINCT FROM destination") == Texts{"true", "false", "true", "true"});
  CHECK(texts("destination LIKE 'J%'") == Texts{"true", "true", "false", "false"});
}

TEST_CASE("a filter keeps the rows that are true and only sets the selection", "[unit][expr]") {
  const auto pool = SlabPool::make();
  EvalContext context{*pool};
  const auto expression = Expression::compile({"delay > 4 AND origin <> destination"}, *flights());
  REQUIRE(expression);
  auto batch = some_flights(*pool);
  const auto* values = batch.column(3).values.data();
  auto kept = expression->filter(std::move(batch), context);
  REQUIRE(kept);
  CHECK(kept->rows() == 4);
  CHECK(kept->column(3).values.data() == values);
  CHECK(std::vector<std::uint32_t>{kept->selection().begin(), kept->selection().end()} ==
        std::vector<std::uint32_t>{0});

  SECTION("within what earlier filters kept") {
    auto second = some_flights(*pool);
    select(second, {1, 3}, *pool);
    const auto all = Expression::compile({"delay IS NOT NULL AND delay <> 30"}, *flights());
    REQUIRE(all);
    auto rest = all->filter(std::move(second), context);
    REQUIRE(rest);
    CHECK(std::vector<std::uint32_t>{rest->selection().begin(), rest->selection().end()} ==
          std::vector<std::uint32_t>{3});
  }
  SECTION("all rows true leaves a batch without selection as it is") {
    const auto all = Expression::compile({"distance >= 0"}, *flights());
    REQUIRE(all);
    auto same = all->filter(some_flights(*pool), context);
    REQUIRE(same);
    CHECK_FALSE(same->has_selection());
  }
  SECTION("a constant decides for all rows") {
    auto none = Expression::compile({"1 > 2"}, *flights())->filter(some_flights(*pool), context);
    REQUIRE(none);
    CHECK(none->selected() == 0);
    auto unknown =
        Expression::compile({"NULL"}, *flights(), {.input = {}, .expected = types::boolean});
    REQUIRE(unknown);
    CHECK(unknown->filter(some_flights(*pool), context)->selected() == 0);
  }
}

TEST_CASE("what is not evaluated raises nothing", "[unit][expr]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"a", types::int32}, {"b", types::int32}});
  auto batch = make_rows(
      schema, {{std::int32_t{6}, std::int32_t{0}}, {std::int32_t{6}, std::int32_t{2}}}, *pool);

  SECTION("a row that is not selected") {
    CHECK(evaluate_text("a / b", batch, *pool).error().code() == Errc::division_by_zero);
    select(batch, {1}, *pool);
    CHECK(evaluate_text("a / b", batch, *pool).value() == std::vector<Value>{std::int32_t{3}});
  }
  SECTION("an untaken branch of CASE") {
    CHECK(evaluate_text("CASE WHEN b <> 0 THEN a / b ELSE -1 END", batch, *pool).value() ==
          std::vector<Value>{std::int32_t{-1}, std::int32_t{3}});
    CHECK(evaluate_text("CASE WHEN b >= 0 THEN 1 ELSE 1 / 0 END", batch, *pool));
  }
  SECTION("the right side of a decided AND or OR") {
    CHECK(evaluate_text("b <> 0 AND a / b > 1", batch, *pool).value() ==
          std::vector<Value>{false, true});
    CHECK(evaluate_text("b = 0 OR a / b > 1", batch, *pool).value() ==
          std::vector<Value>{true, true});
    CHECK_FALSE(evaluate_text("a / b > 1 AND b <> 0", batch, *pool));
  }
  SECTION("an argument of COALESCE that is not needed") {
    CHECK(evaluate_text("COALESCE(a, a / b)", batch, *pool));
    CHECK(evaluate_text("COALESCE(NULLIF(b, 2), a / b)", batch, *pool).value() ==
          std::vector<Value>{std::int32_t{0}, std::int32_t{3}});
  }
  SECTION("a row with a null operand") {
    auto with_null = make_rows(schema, {{null_value(), std::int32_t{0}}}, *pool);
    CHECK(evaluate_text("a / b", with_null, *pool).value() == std::vector<Value>{null_value()});
  }
}

TEST_CASE("a runtime error names the row and the values", "[unit][expr]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"a", types::int32}});
  const auto batch = make_rows(schema, {{std::int32_t{1}}, {std::int32_t{2147483647}}}, *pool);
  const ExpressionText text{"7 + (a + 1)", SourcePlace{"x.yaml", 17, 13, 0}};
  const auto expression = Expression::compile(text, *schema);
  REQUIRE(expression);
  EvalContext context{*pool};
  const auto result = expression->evaluate(batch, context);
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == Errc::value_out_of_range);
  CHECK_THAT(result.error().message(), ContainsSubstring("2147483647 + 1"));
  CHECK(result.error().where() == SourcePlace{"x.yaml", 17, 20, 1});
  CHECK(context.failed_row == 1);
}

TEST_CASE("every example of the catalogue is true", "[unit][expr]") {
  for (const auto& entry : function_catalogue()) {
    INFO(entry.name << ": " << entry.example);
    CHECK(shown(std::string{entry.example}) == "true");
  }
}

TEST_CASE("an expression knows its type, its columns and whether it can be null", "[unit][expr]") {
  const auto schema =
      make_schema({{"a", types::int32, false}, {"b", types::int64}, {"c", types::string}});
  const auto compiled = [&](const char* text) { return *Expression::compile({text}, *schema); };
  CHECK(compiled("a + b").type() == types::int64);
  CHECK(compiled("a + b").columns_used() == std::vector<std::uint32_t>{0, 1});
  CHECK(compiled("a + b").nullable());
  CHECK_FALSE(compiled("a + 1").nullable());
  CHECK_FALSE(compiled("COALESCE(b, 0)").nullable());
  CHECK(compiled("c").column_only() == 2u);
  CHECK_FALSE(compiled("a + 1").column_only());
  CHECK(compiled("1 + 2 * 3").is_constant());
  CHECK(compiled("NULL").type() == types::null);
  CHECK(compiled("a > 1 AND false").is_constant());
}

TEST_CASE("canonical text compiles to the same canonical text", "[unit][expr]") {
  for (const char* text :
       {"delay > 15 and origin <> destination", "- delay + -5 * 2",
        "case when delay>1 then 'a''b' else \"origin\" end",
        "delay not between 1 and 2 or origin like 'a\\_%' escape '#'",
        "cast(delay as bigint)::text || 'x'", "extract(hour from date) > 3",
        "date + interval '5' minute", "origin in ('a', null) is not unknown",
        "substring(origin from 2 for 1) is not distinct from trim(both 'x' from origin)",
        "coalesce(nullif(delay, 1), greatest(delay, 2))", "position('a' in origin) = 1.5e3",
        "not late is true", "case delay when 1 then 2 end", "-9223372036854775808 < distance",
        "distance = - 0"}) {
    INFO(text);
    const auto first = Expression::compile({text}, *flights());
    REQUIRE(first);
    const auto again = Expression::compile({first->canonical()}, *flights());
    INFO(first->canonical());
    REQUIRE(again);
    CHECK(again->canonical() == first->canonical());
    CHECK(again->type() == first->type());
  }
}

TEST_CASE("batches without rows, bytes or values are computed like others", "[unit][expr]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"s", types::string}, {"i", types::int32}});
  const std::vector<const char*> expressions{"s = 'LAX'",
                                             "s <> ''",
                                             "lower(s) || s",
                                             "length(s) + i",
                                             "replace(s, '', 'x')",
                                             "s LIKE '%'",
                                             "s IN ('', 'x')",
                                             "COALESCE(i, 1)",
                                             "COALESCE(s, 'x')",
                                             "CASE WHEN i > 0 THEN s END",
                                             "GREATEST(s, s || 'x')",
                                             "i / 0",
                                             "NULLIF(s, s)"};
  SECTION("no rows") {
    const auto batch = make_rows(schema, {}, *pool);
    for (const auto* text : expressions) {
      INFO(text);
      CHECK(evaluate_text(text, batch, *pool).value().empty());
    }
  }
  SECTION("no row selected") {
    auto batch = make_rows(schema, {{std::string{"a"}, std::int32_t{1}}}, *pool);
    select(batch, {}, *pool);
    for (const auto* text : expressions) {
      INFO(text);
      CHECK(evaluate_text(text, batch, *pool).value().empty());
    }
  }
  SECTION("empty texts and nulls only") {
    const auto batch =
        make_rows(schema, {{std::string{}, null_value()}, {null_value(), null_value()}}, *pool);
    for (const auto* text : expressions) {
      INFO(text);
      CHECK(evaluate_text(text, batch, *pool).value().size() == 2);
    }
    CHECK(evaluate_text("s = 'LAX'", batch, *pool).value() ==
          std::vector<Value>{false, null_value()});
    CHECK(evaluate_text("s || '!'", batch, *pool).value() ==
          std::vector<Value>{std::string{"!"}, null_value()});
  }
}

TEST_CASE("dictionary columns stay dictionaries through text functions", "[unit][expr]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"s", types::string}});
  auto values = make_rows(schema, {{std::string{"LAX"}}, {std::string{"JFK"}}}, *pool);
  Column column;
  column.type = types::string;
  column.encoding = Encoding::dictionary;
  column.child = std::make_shared<const Column>(values.column(0));
  column.values = Buffer::allocate(*pool, 5 * 4);
  const std::uint32_t codes[] = {1, 0, 0, 1, 0};
  std::copy(codes, codes + 5, column.values.mutable_as<std::uint32_t>());
  column.validity = Buffer::allocate(*pool, 1);
  *column.validity.mutable_data() = std::byte{0b10111};
  column.null_count = 1;
  const Batch batch{schema, 5, {column}};
  EvalContext context{*pool};

  const auto lower = Expression::compile({"lower(s)"}, *schema)->evaluate(batch, context);
  REQUIRE(lower);
  CHECK(lower->encoding == Encoding::dictionary);
  CHECK(evaluate_text("lower(s) || '!'", batch, *pool).value() ==
        std::vector<Value>{std::string{"jfk!"}, std::string{"lax!"}, std::string{"lax!"},
                           null_value(), std::string{"lax!"}});
  CHECK(evaluate_text("s = 'LAX'", batch, *pool).value() ==
        std::vector<Value>{false, true, true, null_value(), true});
  CHECK(evaluate_text("length(s)", batch, *pool).value() ==
        std::vector<Value>{std::int32_t{3}, std::int32_t{3}, std::int32_t{3}, null_value(),
                           std::int32_t{3}});
  CHECK(evaluate_text("s IN ('LAX', NULL)", batch, *pool).value() ==
        std::vector<Value>{null_value(), true, true, null_value(), true});
  CHECK(evaluate_text("CASE WHEN s = 'LAX' THEN s ELSE 'other' END", batch, *pool).value() ==
        std::vector<Value>{std::string{"other"}, std::string{"LAX"}, std::string{"LAX"},
                           std::string{"other"}, std::string{"LAX"}});
  CHECK(evaluate_text("GREATEST(s, 'KKK')", batch, *pool).value().at(0) ==
        Value{std::string{"KKK"}});
}
