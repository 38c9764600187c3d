#include "load.hpp"

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <regex>

namespace flow::testing {
namespace {

TEST_CASE("the JSON Schema names every connector and verb", "[unit][config]") {
  const auto schema = nlohmann::json::parse(topology_json_schema(fake_connectors()));
  CHECK(schema["$defs"]["source"]["properties"]["connector"]["anyOf"][0]["enum"] ==
        nlohmann::json::array({"rows"}));
  CHECK(schema["$defs"]["sink"]["properties"]["connector"]["anyOf"][0]["enum"] ==
        nlohmann::json::array({"seen"}));
  CHECK(schema["$defs"]["source"]["properties"].contains("count"));
  for (const auto* verb :
       {"filter", "select", "with", "drop", "rename", "union", "aggregate", "top"})
    CHECK(schema["$defs"]["step"]["properties"].contains(verb));
}

TEST_CASE("the JSON Schema and the engine take the same durations", "[unit][config]") {
  const auto schema = nlohmann::json::parse(topology_json_schema(fake_connectors()));
  const auto& duration = schema["$defs"]["duration"]["anyOf"];
  const std::regex pattern{duration[0]["pattern"].get<std::string>(), std::regex::ECMAScript};
  CHECK(duration[1]["const"] == 0);
  const std::regex length{schema["$defs"]["length"]["anyOf"][0]["pattern"].get<std::string>(),
                          std::regex::ECMAScript};
  for (const std::string text :
       {"",          "0",          "00",         "0s",      "5",      "5s",       "5 s",
        "5  s",      "5s ",        " 5s",        "-5s",     "+5s",    "250ms",    "10m",
        "1h",        "2d",         "7us",        "1h30m",   "1h 30m", "1h  30 m", "30m1h",
        "1h1h",      "1d2h3m4s",   "1d2us",      "1.5s",    ".5s",    "1.s",      "1.5.5s",
        "0.5us",     "1.0us",      "1.000us",    "0.001ms", "1.5ms",  "0.0005ms", "0.1230ms",
        "0.123456s", "0.1234567s", "0.1234560s", "1.5d",    "0.25h",  "s",        "ms",
        "5 sec",     "5x",         "5S",         "5M",      "1e3s",   "5s!",      "soon",
        "5min",      "1.5h 0.5m",  "1_000s",     "1,5s",    "5s\n",   "5\ts",     "1s1ms1us"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    CHECK(std::regex_match(text, pattern) == parsed.has_value());
    CHECK(std::regex_match(text, length) == (parsed.has_value() && *parsed > Micros{0}));
  }
}

TEST_CASE("the JSON Schema takes variables where numbers and choices stand", "[unit][config]") {
  const auto schema = nlohmann::json::parse(topology_json_schema(fake_connectors()));
  const std::regex variable{schema["$defs"]["variable"]["pattern"].get<std::string>(),
                            std::regex::ECMAScript};
  CHECK(std::regex_search("${P}", variable));
  CHECK(std::regex_search("${P:-2}s", variable));
  CHECK_FALSE(std::regex_search("P", variable));
  const nlohmann::json reference{{"$ref", "#/$defs/variable"}};
  CHECK(schema["$defs"]["count"]["anyOf"][1] == reference);
  CHECK(schema["$defs"]["duration"]["anyOf"].back() == reference);
  CHECK(schema["properties"]["restart"]["properties"]["policy"]["anyOf"][1] == reference);
}

TEST_CASE("every reference of the JSON Schema leads somewhere", "[unit][config]") {
  const auto schema = nlohmann::json::parse(topology_json_schema(fake_connectors()));
  std::size_t references = 0;
  const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& json) {
    if (json.is_object() && json.contains("$ref")) {
      ++references;
      const auto target = json["$ref"].get<std::string>();
      REQUIRE(target.starts_with("#"));
      CHECK(schema.contains(nlohmann::json::json_pointer{target.substr(1)}));
    }
    if (json.is_structured())
      for (const auto& child : json) walk(child);
  };
  walk(schema);
  CHECK(references > 20);
}

}  // namespace
}  // namespace flow::testing
