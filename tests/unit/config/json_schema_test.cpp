#include "load.hpp"

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

namespace flow::testing {
namespace {

TEST_CASE("the JSON Schema names every connector and verb", "[unit][config]") {
  const auto schema = nlohmann::json::parse(topology_json_schema(fake_connectors()));
  CHECK(schema["$defs"]["source"]["properties"]["connector"]["enum"] ==
        nlohmann::json::array({"rows"}));
  CHECK(schema["$defs"]["sink"]["properties"]["connector"]["enum"] ==
        nlohmann::json::array({"seen"}));
  CHECK(schema["$defs"]["source"]["properties"].contains("count"));
  for (const auto* verb :
       {"filter", "select", "with", "drop", "rename", "union", "aggregate", "top"})
    CHECK(schema["$defs"]["step"]["properties"].contains(verb));
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
