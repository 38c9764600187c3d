#include "flow/config/topology.hpp"

#include <nlohmann/json.hpp>

namespace flow {
namespace {

using Json = nlohmann::ordered_json;

Json reference(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }
Json array_or_one(const Json& item) {
  return {{"anyOf", Json::array({item, Json{{"type", "array"}, {"items", item}}})}};
}
Json described(Json json, std::string text) {
  json["description"] = std::move(text);
  return json;
}
Json object(Json properties, const std::vector<std::string>& required = {}) {
  Json json{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) json["required"] = required;
  return json;
}
Json map_of(const Json& value) {
  return {{"type", "object"}, {"additionalProperties", value}, {"minProperties", 1}};
}

/// `json`, or text with a variable in it, which nobody knows before it is set.
Json or_variable(const Json& json) {
  return {{"anyOf", Json::array({json, reference("variable")})}};
}

/// What parse_duration reads: numbers with units, larger ones first, each once; or 0, where nothing
/// is a length too. No pattern knows how far numbers go, nor that fractions are whole microseconds
/// in the larger units.
Json duration(bool zero) {
  const std::string number = "[0-9]+(\\.[0-9]+)?";
  const auto part = [](const std::string& digits, const char* unit) {
    return "(" + digits + " *" + unit + " *)?";
  };
  const auto pattern = std::string{zero ? "^(?=.)(0|" : "^(?=.*[1-9])("} + part(number, "d") +
                       part(number, "h") + part(number, "m") +
                       part("[0-9]+(\\.[0-9]{1,6}0*)?", "s") +
                       part("[0-9]+(\\.[0-9]{1,3}0*)?", "ms") + part("[0-9]+(\\.0+)?", "us") + ")$";
  auto any = Json::array({Json{{"type", "string"}, {"pattern", pattern}}});
  if (zero) any.push_back({{"const", 0}});
  any.push_back(reference("variable"));
  return described(Json{{"anyOf", std::move(any)}}, "such as 250ms, 5s, 10m, 1h30m, 2d");
}

/// Options as the manual spells them: `format.header` may also be written flat or nested, so
/// unknown keys are left to `flowctl check`.
Json connector_node(const std::vector<const ConnectorEntry*>& connectors, bool source) {
  Json properties;
  Json names = Json::array();
  for (const auto* connector : connectors) {
    if (source ? !connector->make_source : !connector->make_sink) continue;
    names.push_back(connector->name);
    for (const auto& option : source ? connector->source_options : connector->sink_options) {
      auto& property = properties[option.name];
      const auto text =
          connector->name + ": " + option.meaning +
          (option.default_value.empty() ? "" : " (default " + option.default_value + ")");
      property["description"] = property.contains("description")
                                    ? property["description"].get<std::string>() + "\n" + text
                                    : text;
    }
  }
  properties["connector"] = or_variable({{"enum", names}});
  properties["parallelism"] = reference("count");
  if (source) {
    properties["schema"] = map_of(reference("column"));
    properties["event_time"] =
        described(Json{{"type", "string"}}, "timestamp column that orders the rows");
    properties["watermark"] = {
        {"anyOf", Json::array({reference("duration"), object({{"delay", reference("duration")},
                                                              {"idle", reference("duration")}},
                                                             {"delay"})})}};
    properties["on_error"] = or_variable({{"enum", {"fail", "skip", "dead_letter"}}});
  } else {
    properties["from"] = {{"type", "string"}};
  }
  Json json{{"type", "object"}, {"properties", properties}};
  json["required"] = source ? Json::array({"connector"}) : Json::array({"connector", "from"});
  return json;
}

Json step() {
  const auto expression = reference("expression");
  const auto names = array_or_one(Json{{"type", "string"}});
  Json json = object({
      {"from", names},
      {"parallelism", reference("count")},
      {"filter", expression},
      {"select",
       {{"anyOf", Json::array({map_of(expression),
                               Json{{"type", "array"}, {"items", {{"type", "string"}}}}})}}},
      {"with", map_of(expression)},
      {"drop", names},
      {"rename", map_of(Json{{"type", "string"}})},
      {"union", Json{{"type", "array"}, {"items", {{"type", "string"}}}}},
      {"key_by", {{"anyOf", Json::array({names, map_of(expression)})}}},
      {"window",
       {{"oneOf", Json::array({object({{"tumbling", reference("length")}}, {"tumbling"}),
                               object({{"hopping", object({{"size", reference("length")},
                                                           {"slide", reference("length")}},
                                                          {"size", "slide"})}},
                                      {"hopping"})})}}},
      {"lateness", reference("duration")},
      {"late_rows", Json{{"type", "string"}}},
      {"aggregate",
       map_of(described(Json{{"type", "string"}}, "count(), sum(x), min(x), max(x), avg(x)"))},
      {"top", object({{"n", reference("count")}, {"by", names}, {"per", names}}, {"n", "by"})},
  });
  Json verbs = Json::array();
  for (const auto* verb :
       {"filter", "select", "with", "drop", "rename", "union", "aggregate", "top"})
    verbs.push_back({{"required", {verb}}});
  json["oneOf"] = verbs;
  return json;
}

}  // namespace

std::string topology_json_schema(const ConnectorRegistry& connectors) {
  Json json;
  json["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  json["title"] = "Flow topology";
  json["$defs"] = {
      {"variable", {{"type", "string"}, {"pattern", "\\$\\{[^}]+\\}"}}},
      {"duration", duration(true)},
      {"length", duration(false)},
      {"count", or_variable({{"type", "integer"}, {"minimum", 1}})},
      {"expression", described(Json{{"type", {"string", "number", "boolean"}}},
                               "a PostgreSQL scalar expression; see `flowctl functions`")},
      {"column",
       {{"anyOf", Json::array({described(Json{{"type", "string"}},
                                         "bool, int32, int64, float64, string, bytes, date, "
                                         "timestamp; `not null` may follow"),
                               object({{"type", Json{{"type", "string"}}},
                                       {"format", Json{{"type", "string"}}},
                                       {"zone", Json{{"type", "string"}}},
                                       {"unit", or_variable({{"enum", {"s", "ms", "us", "ns"}}})}},
                                      {"type"})})}}},
      {"source", connector_node(connectors.all(), true)},
      {"step", step()},
      {"sink", connector_node(connectors.all(), false)},
  };
  const auto body = object({
      {"job", Json{{"type", "string"}}},
      {"parallelism", reference("count")},
      {"key_groups", reference("count")},
      {"linger", reference("duration")},
      {"checkpoints", object({{"directory", Json{{"type", "string"}}},
                              {"interval", reference("length")},
                              {"timeout", reference("length")},
                              {"min_pause", reference("duration")},
                              {"retained", reference("count")},
                              {"mode", or_variable({{"enum", {"exactly_once"}}})}},
                             {"directory"})},
      {"restart", object({{"policy", or_variable({{"enum", {"none", "fixed", "exponential"}}})},
                          {"attempts", or_variable({{"type", "integer"}, {"minimum", 0}})},
                          {"initial", reference("length")},
                          {"max", reference("length")},
                          {"reset_after", reference("length")}})},
      {"dead_letters", Json{{"type", "object"}, {"required", {"connector"}}}},
      {"sources", map_of(reference("source"))},
      {"steps", map_of(reference("step"))},
      {"sinks", map_of(reference("sink"))},
  });
  json.update(body);
  return json.dump(2);
}

}  // namespace flow
