#include "flow/connector/options.hpp"

#include "flow/connector/registry.hpp"
#include "support/catch.hpp"

using namespace flow;

namespace {

Options sample() {
  Options options{{}, {"x.yaml", 3, 1, 0}};
  options.set("path", {"data/*.csv", false, {}, {"x.yaml", 4, 11, 10}});
  options.set("rate", {"100", false, {}, {"x.yaml", 5, 11, 3}});
  options.set("password", {"hunter2", true, {}, {"x.yaml", 6, 11, 3}});
  options.set("column.price.min", {"1", false, {}, {}});
  options.set("column.price.max", {"9", false, {}, {}});
  options.set("columns", {"", false, {"a", "b"}, {}});
  return options;
}

}  // namespace

TEST_CASE("an option that was taken is gone", "[unit][connector]") {
  auto options = sample();
  CHECK(*options.take_string("path") == "data/*.csv");
  CHECK_FALSE(options.has("path"));
  CHECK(*options.take_string("path") == std::nullopt);
}

TEST_CASE("a number outside its range names the range and the place", "[unit][connector]") {
  auto options = sample();
  auto rate = options.take_int("rate", 1, 10);
  REQUIRE_FALSE(rate);
  CHECK(rate.error().code() == Errc::bad_option);
  CHECK(rate.error().where() == SourcePlace{"x.yaml", 5, 11, 3});
  CHECK(rate.error().message() == "option 'rate' must be a whole number from 1 to 10, not '100'");
}

TEST_CASE("numbers must be whole and complete", "[unit][connector]") {
  for (const auto* text : {"", "1x", "x", "1.5", " 1", "9223372036854775808"}) {
    Options options;
    options.set("count", {text, false, {}, {}});
    CHECK_FALSE(options.take_int("count", INT64_MIN, INT64_MAX));
  }
  Options options;
  options.set("count", {"-9223372036854775808", false, {}, {}});
  CHECK(*options.take_int("count", INT64_MIN, INT64_MAX) == INT64_MIN);
}

TEST_CASE("a secret is not printed by an error and not taken as a string", "[unit][connector]") {
  auto options = sample();
  auto text = options.take_string("password");
  REQUIRE_FALSE(text);
  CHECK(text.error().to_line().find("hunter2") == std::string::npos);
  options = sample();
  CHECK((*options.take_secret("password"))->reveal() == "hunter2");
}

TEST_CASE("a required option that is missing points at the node", "[unit][connector]") {
  auto options = sample();
  auto missing = options.require_string("format");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == Errc::missing_option);
  CHECK(missing.error().where() == SourcePlace{"x.yaml", 3, 1, 0});
}

TEST_CASE("options of a prefix move out together", "[unit][connector]") {
  auto options = sample();
  auto column = options.take_prefix("column");
  CHECK(column.names() == std::vector<std::string>{"price.max", "price.min"});
  CHECK(options.names() == std::vector<std::string>{"columns", "password", "path", "rate"});
}

TEST_CASE("one item and a list of items are both lists", "[unit][connector]") {
  auto options = sample();
  CHECK(*options.take_list("columns") == std::vector<std::string>{"a", "b"});
  CHECK(*options.take_list("rate") == std::vector<std::string>{"100"});
  auto list_as_text = sample();
  CHECK_FALSE(list_as_text.take_string("columns"));
}

TEST_CASE("durations, sizes, booleans and choices are read as the manual spells them",
          "[unit][connector]") {
  Options options;
  options.set("wait", {"250ms", false, {}, {}});
  options.set("size", {"8MiB", false, {}, {}});
  options.set("header", {"false", false, {}, {}});
  options.set("existing", {"apend", false, {}, {}});
  CHECK((*options.take_duration("wait"))->count() == 250'000);
  CHECK((*options.take_size("size"))->value == 8u << 20);
  CHECK(*options.take_bool("header") == false);
  auto choice = options.take_choice("existing", {"append", "replace"});
  REQUIRE_FALSE(choice);
  CHECK(choice.error().remedy() == "did you mean 'append'?");
}

TEST_CASE("options nobody took are reported with the nearest known name", "[unit][connector]") {
  Options options;
  options.set("delimeter", {";", false, {}, {"x.yaml", 7, 5, 9}});
  const auto errors = options.unknown({{"delimiter", "string", ",", false, ""}});
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code() == Errc::unknown_option);
  CHECK(errors[0].remedy() == "did you mean 'delimiter'?");
  CHECK(errors[0].where() == SourcePlace{"x.yaml", 7, 5, 9});
}

TEST_CASE("values that a failed connector did not get to are judged by their entries",
          "[unit][connector]") {
  const std::vector<OptionEntry> known{{"rate", "float", "", false, ""},
                                       {"kind", "flat | steep", "", false, ""},
                                       {"paths", "string | list", "", false, ""},
                                       {"columns.NAME.step", "int", "", false, ""},
                                       {"header", "bool", "", false, ""}};
  Options options;
  options.set("rate", {"fast", false, {}, {}});
  options.set("kind", {"flt", false, {}, {}});
  options.set("paths", {"anything", false, {}, {}});
  options.set("columns.a.step", {"1.5", false, {}, {}});
  options.set("format.header", {"yes", false, {}, {}});
  options.set("heder", {"yes", false, {}, {}});
  CHECK(options.has_mistyped("header", known));
  CHECK_FALSE(options.has_mistyped("rate", known));
  const auto errors = options.take_rest(known);
  REQUIRE(errors.size() == 3);
  CHECK_THAT(errors[0].message(), Catch::Contains("'columns.a.step' must be a whole number"));
  CHECK_THAT(errors[1].message(), Catch::Contains("'kind' must be one of flat, steep"));
  CHECK_THAT(errors[2].message(), Catch::Contains("'rate' must be a number"));
  CHECK(options.names() == std::vector<std::string>{"heder"});
}

TEST_CASE("the registry lists connectors by name and refuses a second one of a name",
          "[unit][connector]") {
  ConnectorRegistry registry;
  registry.add({"print", "", "", {}, {}, {}, {}});
  registry.add({"file", "", "", {}, {}, {}, {}});
  REQUIRE(registry.all().size() == 2);
  CHECK(registry.all()[0]->name == "file");
  CHECK(registry.find("print") != nullptr);
  CHECK(registry.find("kafka") == nullptr);
  CHECK_THROWS(registry.add({"file", "", "", {}, {}, {}, {}}));
}
