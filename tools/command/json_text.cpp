#include "json_text.hpp"

#include <nlohmann/json.hpp>

namespace flow::command {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Error& error) {
  Json json{{"code", to_string(error.code())},
            {"name", describe(error.code()).name},
            {"message", error.message()}};
  if (const auto& place = error.where(); place.line != 0)
    json["where"] = {{"file", place.file}, {"line", place.line}, {"column", place.column}};
  if (!error.cause().empty()) json["cause"] = error.cause();
  if (!error.remedy().empty()) json["remedy"] = error.remedy();
  if (!error.notes().empty()) json["notes"] = error.notes();
  if (!error.context().empty()) json["context"] = error.context();
  json["fault"] = error.fault() == Fault::user       ? "user"
                  : error.fault() == Fault::external ? "external"
                                                     : "internal";
  json["retry"] = error.retry() != Retry::never;
  return json;
}

Json to_json(const actors::NodeProgress& node) {
  using Kind = actors::NodeProgress::Kind;
  Json json{{"name", node.name},
            {"kind", node.kind == Kind::source ? "source"
                     : node.kind == Kind::sink ? "sink"
                                               : "step"},
            {"subtasks", node.subtasks},
            {"rows_in", node.rows_in},
            {"rows_out", node.rows_out},
            {"rows_in_per_second", node.rows_in_per_second},
            {"rows_out_per_second", node.rows_out_per_second},
            {"bytes", node.bytes},
            {"late_rows", node.late_rows},
            {"bad_rows", node.bad_rows},
            {"state_bytes", node.state_bytes},
            {"busy", node.busy},
            {"idle", node.idle},
            {"backpressured", node.backpressured}};
  if (node.watermark > EventTime::min() && node.watermark < EventTime::max())
    json["watermark"] = format_timestamp(node.watermark);
  return json;
}

Json to_json(const actors::JobProgress& progress) {
  Json json{{"job", progress.job},
            {"state", actors::to_string(progress.state)},
            {"attempt", progress.attempt.value},
            {"elapsed_ms", progress.elapsed.count() / 1000},
            {"rows_in", progress.rows_in},
            {"rows_out", progress.rows_out},
            {"late_rows", progress.late_rows},
            {"bad_rows", progress.bad_rows},
            {"restarts", progress.restarts}};
  if (progress.resumed_from.value != 0) json["resumed_from"] = progress.resumed_from.value;
  if (progress.last_failure) json["last_failure"] = to_json(*progress.last_failure);
  const auto& checkpoints = progress.checkpoints;
  json["checkpoints"] = {{"enabled", checkpoints.enabled},
                         {"last", checkpoints.last_epoch.value},
                         {"completed", checkpoints.completed},
                         {"failed", checkpoints.failed},
                         {"last_duration_ms", checkpoints.last_duration.count() / 1000},
                         {"last_bytes", checkpoints.last_bytes}};
  if (checkpoints.last_failure)
    json["checkpoints"]["last_failure"] = to_json(*checkpoints.last_failure);
  json["nodes"] = Json::array();
  for (const auto& node : progress.nodes) json["nodes"].push_back(to_json(node));
  return json;
}

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warning";
    case LogLevel::error:
    case LogLevel::off:
      return "error";
  }
  return "error";
}

/// Rows may hold any bytes; a name that is not UTF-8 must not end the report.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string json_line(const Error& error) { return line_of(Json{{"error", to_json(error)}}); }

std::string json_line(LogLevel level, EventTime time, std::string_view message) {
  return line_of(Json{{"event", "log"},
                      {"level", name_of(level)},
                      {"time", format_timestamp(time)},
                      {"message", message}});
}

std::string json_line(const actors::JobProgress& progress) {
  Json json{{"event", "progress"}};
  json.update(to_json(progress));
  return line_of(json);
}

std::string json_line(const actors::JobResult& result) {
  Json json{{"event", "final"}};
  json.update(to_json(result.progress));
  json["state"] = actors::to_string(result.state);
  json["outputs"] = result.summaries;
  json["warnings"] = Json::array();
  for (const auto& warning : result.warnings) json["warnings"].push_back(to_json(warning));
  if (result.error) json["error"] = to_json(*result.error);
  return line_of(json);
}

}  // namespace flow::command
