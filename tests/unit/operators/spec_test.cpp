#include "flow/operators/spec.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"

namespace flow::testing {
namespace {

StreamShape flights() {
  StreamShape shape;
  shape.schema = schema("date:timestamp! origin:string delay:int32");
  shape.time_column = "date";
  shape.has_watermark = true;
  return shape;
}

ExpressionText text(std::string expression, std::uint32_t line = 1) {
  return {std::move(expression), {"x.yaml", line, 9, 0}};
}

const SourcePlace kPlace{"x.yaml", 7, 3, 0};

std::string schema_of(const ShapeResult& result) {
  REQUIRE(result.errors.empty());
  REQUIRE(result.ports.size() == 1);
  return result.ports[0].schema->to_string();
}

std::vector<Errc> codes(const ShapeResult& result) {
  std::vector<Errc> all;
  for (const auto& error : result.errors) {
    CHECK(error.where().line > 0);
    all.push_back(error.code());
  }
  return all;
}

}  // namespace

TEST_CASE("a filter keeps the shape and needs a condition", "[unit][spec]") {
  const auto good = shape_of(FilterSpec{text("delay > 15")}, {flights()}, kPlace);
  CHECK(schema_of(good) == flights().schema->to_string());
  CHECK(good.ports[0].time_column == "date");
  CHECK(good.ports[0].has_watermark);
  CHECK(codes(shape_of(FilterSpec{text("delay + 1")}, {flights()}, kPlace)) ==
        std::vector{Errc::type_mismatch});
  CHECK(codes(shape_of(FilterSpec{text("dely > 15")}, {flights()}, kPlace)) ==
        std::vector{Errc::unknown_column});
}

TEST_CASE("select gives its columns in order and knows where the event time went", "[unit][spec]") {
  ProjectSpec spec;
  spec.columns = {{"where", text("origin")}, {"at", text("date")}, {"twice", text("delay * 2")}};
  const auto shape = shape_of(spec, {flights()}, kPlace);
  CHECK(schema_of(shape) == "{where: string, at: timestamp not null, twice: int32}");
  CHECK(shape.ports[0].time_column == "at");

  spec.columns = {{"day", text("date_trunc('day', date)")}};
  const auto without = shape_of(spec, {flights()}, kPlace);
  REQUIRE(without.errors.empty());
  CHECK_FALSE(without.ports[0].time_column);
  CHECK(without.ports[0].has_watermark);
}

TEST_CASE("with adds columns, replaces those of the same name in place", "[unit][spec]") {
  ProjectSpec spec;
  spec.keep_input = true;
  spec.columns = {{"late", text("delay > 15")}, {"origin", text("lower(origin)")}};
  const auto shape = shape_of(spec, {flights()}, kPlace);
  CHECK(schema_of(shape) == "{date: timestamp not null, origin: string, delay: int32, late: bool}");
  CHECK(shape.ports[0].time_column == "date");

  spec.columns = {{"date", text("date + interval '1 hour'")}};
  const auto replaced = shape_of(spec, {flights()}, kPlace);
  REQUIRE(replaced.errors.empty());
  CHECK_FALSE(replaced.ports[0].time_column);
}

TEST_CASE("all errors of a step are reported, not only the first", "[unit][spec]") {
  ProjectSpec spec;
  spec.columns = {{"a", text("dely", 2)},
                  {"b", text("lowr(origin)", 3)},
                  {"c", text("1", 4)},
                  {"c", text("2", 5)}};
  const auto shape = shape_of(spec, {flights()}, kPlace);
  CHECK(codes(shape) ==
        std::vector{Errc::unknown_column, Errc::unknown_function, Errc::duplicate_column});
  CHECK(shape.errors[0].where().line == 2);
  CHECK(shape.ports.size() == 1);
}

TEST_CASE("drop removes columns, names the nearest for a wrong one, leaves at least one",
          "[unit][spec]") {
  const auto shape = shape_of(DropSpec{{"date"}}, {flights()}, kPlace);
  CHECK(schema_of(shape) == "{origin: string, delay: int32}");
  CHECK_FALSE(shape.ports[0].time_column);

  const auto wrong = shape_of(DropSpec{{"orgin", "delay"}}, {flights()}, kPlace);
  CHECK(codes(wrong) == std::vector{Errc::unknown_column});
  REQUIRE(wrong.errors[0].notes().size() == 1);
  CHECK_THAT(wrong.errors[0].notes()[0], ContainsSubstring("date, origin, delay") &&
                                             ContainsSubstring("did you mean 'origin'"));
  CHECK(codes(shape_of(DropSpec{{"date", "origin", "delay"}}, {flights()}, kPlace)) ==
        std::vector{Errc::no_columns});
}

TEST_CASE("rename changes names all at once and takes the event time along", "[unit][spec]") {
  const auto shape = shape_of(
      RenameSpec{{{"origin", "delay"}, {"delay", "origin"}, {"date", "at"}}}, {flights()}, kPlace);
  CHECK(schema_of(shape) == "{at: timestamp not null, delay: string, origin: int32}");
  CHECK(shape.ports[0].time_column == "at");
  CHECK(codes(shape_of(RenameSpec{{{"origin", "delay"}}}, {flights()}, kPlace)) ==
        std::vector{Errc::duplicate_column});
  CHECK(codes(shape_of(RenameSpec{{{"delay", "a"}, {"delay", "b"}, {"x", "y"}}}, {flights()},
                       kPlace)) == std::vector{Errc::duplicate_column, Errc::unknown_column});
}

TEST_CASE("a union takes equal columns and says which differ", "[unit][spec]") {
  auto other = flights();
  other.schema = schema("date:timestamp! origin:string! delay:int32");
  const auto shape = shape_of(UnionSpec{}, {flights(), other}, kPlace);
  CHECK(schema_of(shape) == flights().schema->to_string());
  CHECK(shape.ports[0].time_column == "date");

  other.has_watermark = false;
  CHECK_FALSE(shape_of(UnionSpec{}, {flights(), other}, kPlace).ports[0].has_watermark);

  other.schema = schema("date:timestamp! origin:string! delay:int64");
  const auto wrong = shape_of(UnionSpec{}, {flights(), other}, kPlace);
  CHECK(codes(wrong) == std::vector{Errc::schemas_differ});
  CHECK(wrong.errors[0].cause() == "column 3 is 'delay' int64 instead of 'delay' int32");
  other.schema = schema("date:timestamp!");
  CHECK(codes(shape_of(UnionSpec{}, {flights(), other}, kPlace)) ==
        std::vector{Errc::schemas_differ});
}

TEST_CASE("only keyed steps need an exchange", "[unit][spec]") {
  CHECK_FALSE(partition_keys(FilterSpec{text("true")}));
  CHECK_FALSE(partition_keys(UnionSpec{}));
  WindowAggregateSpec window;
  window.keys = {{"o", text("lower(origin)")}};
  REQUIRE(partition_keys(window));
  CHECK(partition_keys(window)->front().expression.text == "lower(origin)");
  TopSpec top;
  top.per = {"window_end", "a \"b\""};
  const auto keys = partition_keys(top);
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[1].expression.text == "\"a \"\"b\"\"\"");
  CHECK_FALSE(partial_shape(FilterSpec{text("true")}, flights()));
}

}  // namespace flow::testing
