#include "plan_json.hpp"

#include <xxhash.h>

namespace flow {
namespace {

using Json = nlohmann::ordered_json;

Json named(const std::vector<NamedExpression>& columns) {
  Json json = Json::object();
  for (const auto& column : columns) json[column.name] = column.expression.text;
  return json;
}

std::string field_text(const Field& field) {
  return std::string{to_string(field.type)} + (field.nullable ? "" : " not null");
}

struct SpecJson {
  Json operator()(const FilterSpec& spec) const { return {{"filter", spec.condition.text}}; }
  Json operator()(const ProjectSpec& spec) const {
    return {{spec.keep_input ? "with" : "select", named(spec.columns)}};
  }
  Json operator()(const DropSpec& spec) const { return {{"drop", spec.columns}}; }
  Json operator()(const RenameSpec& spec) const {
    Json names = Json::object();
    for (const auto& [from, to] : spec.names) names[from] = to;
    return {{"rename", names}};
  }
  Json operator()(const UnionSpec&) const { return {{"union", true}}; }
  Json operator()(const WindowAggregateSpec& spec) const {
    Json json;
    json["key_by"] = named(spec.keys);
    json["window"] = std::visit(*this, spec.window);
    json["time"] = spec.time_column;
    json["lateness"] = format_duration(spec.lateness);
    Json aggregates = Json::object();
    for (const auto& aggregate : spec.aggregates)
      aggregates[aggregate.name] =
          aggregate.function + "(" + (aggregate.argument ? aggregate.argument->text : "") + ")";
    json["aggregate"] = aggregates;
    return json;
  }
  Json operator()(const TumblingWindow& window) const {
    return {{"tumbling", format_duration(window.size)}};
  }
  Json operator()(const HoppingWindow& window) const {
    return {{"hopping",
             {{"size", format_duration(window.size)}, {"slide", format_duration(window.slide)}}}};
  }
  Json operator()(const TopSpec& spec) const {
    Json by = Json::array();
    for (const auto& order : spec.by)
      by.push_back(order.column + (order.descending ? " desc" : ""));
    return {{"top", {{"n", spec.n}, {"by", by}, {"per", spec.per}}}};
  }
  // Limits are not part of it: state means the same under others.
  Json operator()(const ThroughSpec& spec) const {
    Json schema = Json::object();
    for (const auto& field : spec.output) schema[field.name] = field_text(field);
    if (schema.empty()) return {{"through", "actor"}};
    return {{"through", "actor"}, {"schema", schema}};
  }
};

Json schema_json(const SchemaPtr& schema) {
  Json json = Json::object();
  for (const auto& field : schema->fields()) json[field.name] = field_text(field);
  return json;
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::local:
      return "local";
    case Phase::global:
      return "global";
    case Phase::single:
      break;
  }
  return "single";
}

struct LinkJson {
  Json& json;
  void operator()(const PlannedSource& source) const {
    json["source"] = source.connector;
    json["schema"] = schema_json(source.source->schema());
    if (source.time_column) json["event_time"] = *source.time_column;
    if (!source.watermark) return;
    json["watermark"]["delay"] = format_duration(source.watermark->delay);
    if (source.watermark->idle)
      json["watermark"]["idle"] = format_duration(*source.watermark->idle);
  }
  void operator()(const PlannedDeadLetters& letters) const {
    json["dead_letters_of"] = letters.source;
  }
  void operator()(const PlannedOperator& op) const {
    if (op.phase != Phase::single) json["phase"] = phase_name(op.phase);
    json.update(to_json(op.spec));
  }
  void operator()(const PlannedSink& sink) const {
    json["sink"] = sink.connector;
    json["schema"] = schema_json(sink.schema);
    json["exactly_once"] = sink.sink->exactly_once();
  }
};

Json link_json(const PlannedLink& link) {
  Json json;
  json["name"] = link.name;
  if (link.node != link.name) json["node"] = link.node;
  std::visit(LinkJson{json}, link.what);
  Json ports = Json::array();
  for (const auto& port : link.ports) {
    Json targets = Json::array();
    for (const auto& target : port) {
      if (target.inside)
        targets.push_back({{"link", target.index}, {"input", target.input}});
      else
        targets.push_back({{"edge", target.index}});
    }
    ports.push_back(targets);
  }
  if (!ports.empty()) json["to"] = ports;
  return json;
}

std::string_view exchange_name(Exchange exchange) {
  switch (exchange) {
    case Exchange::forward:
      return "forward";
    case Exchange::hash:
      return "hash";
    case Exchange::rebalance:
      break;
  }
  return "rebalance";
}

Json edge_json(const PlannedEdge& edge) {
  Json json{{"from", edge.from_chain},
            {"to", edge.to_chain},
            {"link", edge.to_link},
            {"input", edge.to_input},
            {"exchange", exchange_name(edge.exchange)}};
  if (edge.exchange == Exchange::hash) {
    Json keys = Json::array();
    for (const auto key : edge.key_columns) keys.push_back(edge.schema->field(key).name);
    json["keys"] = keys;
  }
  json["schema"] = schema_json(edge.schema);
  return json;
}

std::string_view policy_name(RestartSpec::Policy policy) {
  switch (policy) {
    case RestartSpec::Policy::none:
      return "none";
    case RestartSpec::Policy::fixed:
      return "fixed";
    case RestartSpec::Policy::exponential:
      break;
  }
  return "exponential";
}

}  // namespace

nlohmann::ordered_json to_json(const OperatorSpec& spec) { return std::visit(SpecJson{}, spec); }

std::string_view verb_of(const OperatorSpec& spec) {
  struct Verb {
    std::string_view operator()(const FilterSpec&) const { return "filter"; }
    std::string_view operator()(const ProjectSpec& project) const {
      return project.keep_input ? "with" : "select";
    }
    std::string_view operator()(const DropSpec&) const { return "drop"; }
    std::string_view operator()(const RenameSpec&) const { return "rename"; }
    std::string_view operator()(const UnionSpec&) const { return "union"; }
    std::string_view operator()(const WindowAggregateSpec&) const { return "aggregate"; }
    std::string_view operator()(const TopSpec&) const { return "top"; }
    std::string_view operator()(const ThroughSpec&) const { return "through"; }
  };
  return std::visit(Verb{}, spec);
}

nlohmann::ordered_json structure_json(const ExecutionPlan& plan) {
  Json json;
  json["job"] = plan.job;
  json["key_groups"] = plan.key_groups;
  json["chains"] = Json::array();
  for (const auto& chain : plan.chains) {
    Json links = Json::array();
    for (const auto& link : chain.links) links.push_back(link_json(link));
    json["chains"].push_back(
        {{"name", chain.name}, {"parallelism", chain.parallelism}, {"links", links}});
  }
  json["edges"] = Json::array();
  for (const auto& edge : plan.edges) json["edges"].push_back(edge_json(edge));
  return json;
}

std::string ExecutionPlan::to_json() const {
  auto json = structure_json(*this);
  json["checkpoints"] = {{"directory", checkpoints.directory},
                         {"interval", format_duration(checkpoints.interval)},
                         {"timeout", format_duration(checkpoints.timeout)},
                         {"min_pause", format_duration(checkpoints.min_pause)},
                         {"retained", checkpoints.retained}};
  json["restart"] = {{"policy", policy_name(restart.policy)},
                     {"attempts", restart.attempts},
                     {"initial", format_duration(restart.initial)},
                     {"max", format_duration(restart.max)},
                     {"reset_after", format_duration(restart.reset_after)}};
  json["linger"] = format_duration(linger);
  // Text the user wrote may hold bytes that are not UTF-8 only if it never compiled; replace, never
  // throw.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t ExecutionPlan::fingerprint() const {
  const auto text = structure_json(*this).dump(-1, ' ', false, Json::error_handler_t::replace);
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace flow
