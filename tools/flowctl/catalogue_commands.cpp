#include "catalogue_commands.hpp"

#include "command/exit_code.hpp"
#include "command/report.hpp"
#include "job_files.hpp"

#include "flow/base/nearest.hpp"
#include "flow/config/topology.hpp"
#include "flow/expr/functions.hpp"
#include "flow/operators/aggregates.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace flow::flowctl {
namespace {

using Json = nlohmann::ordered_json;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    text.append("  ").append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

Error unknown_name(Errc code, const std::string& kind, const std::string& name,
                   const std::vector<std::string>& names) {
  return Error{code, "no " + kind + " '" + name + "'"}.with_note(
      choices_note(kind + "s", name, names));
}

Json options_json(const std::vector<OptionEntry>& options) {
  Json json = Json::array();
  for (const auto& option : options)
    json.push_back({{"name", option.name},
                    {"type", option.type},
                    {"default", option.default_value},
                    {"required", option.required},
                    {"meaning", option.meaning}});
  return json;
}

std::string state_of(const OptionEntry& option) {
  if (option.required) return "required";
  return option.default_value.empty() ? "optional" : "default " + option.default_value;
}

void print_options(const std::string& title, const std::vector<OptionEntry>& options) {
  std::size_t name_width = 0;
  std::size_t type_width = 0;
  std::size_t state_width = 0;
  for (const auto& option : options) {
    name_width = std::max(name_width, option.name.size());
    type_width = std::max(type_width, option.type.size());
    state_width = std::max(state_width, state_of(option).size());
  }
  print(title + "\n");
  for (const auto& option : options)
    print("  " + padded(option.name, name_width) + "  " + padded(option.type, type_width) + "  " +
          padded(state_of(option), state_width) + "  " + option.meaning + "\n");
}

}  // namespace

int schema(command::World& world) {
  print(topology_json_schema(world.connectors) + "\n");
  return command::kDone;
}

int connectors(const std::string& name, bool json, command::World& world) {
  const auto all = world.connectors.all();
  if (name.empty()) {
    Json list = Json::array();
    for (const auto* entry : all) {
      const auto direction = std::string{entry->make_source ? "source" : ""} +
                             (entry->make_source && entry->make_sink ? ", " : "") +
                             (entry->make_sink ? "sink" : "");
      if (json)
        list.push_back({{"name", entry->name},
                        {"direction", direction},
                        {"summary", entry->summary},
                        {"guarantee", entry->guarantee}});
      else
        print(padded(entry->name, 12) + padded(direction, 14) + entry->summary + "\n");
    }
    if (json) print(list.dump(2) + "\n");
    return command::kDone;
  }
  const auto* entry = world.connectors.find(name);
  if (entry == nullptr) {
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const auto* known : all) names.push_back(known->name);
    return command::report(unknown_name(Errc::unknown_connector, "connector", name, names), json);
  }
  if (json) {
    print(Json{{"name", entry->name},
               {"summary", entry->summary},
               {"guarantee", entry->guarantee},
               {"source_options", options_json(entry->source_options)},
               {"sink_options", options_json(entry->sink_options)}}
              .dump(2) +
          "\n");
    return command::kDone;
  }
  print(entry->name + ": " + entry->summary + "\n" + entry->guarantee + "\n");
  if (entry->make_source) print_options("as a source:", entry->source_options);
  if (entry->make_sink) print_options("as a sink:", entry->sink_options);
  return command::kDone;
}

int functions(const std::string& name, bool json) {
  std::vector<FunctionEntry> all{function_catalogue().begin(), function_catalogue().end()};
  all.insert(all.end(), aggregate_catalogue().begin(), aggregate_catalogue().end());
  std::vector<std::string> names;
  std::size_t width = 0;
  for (const auto& function : all) {
    names.emplace_back(function.name);
    width = std::max(width, function.name.size());
  }
  Json list = Json::array();
  bool found = false;
  for (const auto& function : all) {
    if (!name.empty() && function.name != name) continue;
    found = true;
    if (json) {
      list.push_back({{"name", function.name},
                      {"group", function.group},
                      {"signatures", function.signatures},
                      {"meaning", function.summary},
                      {"example", function.example}});
    } else if (name.empty()) {
      print(padded(std::string{function.name}, width) + "  " + std::string{function.summary} +
            "\n");
    } else {
      print(std::string{function.name} + ": " + std::string{function.summary} + "\n");
      print(indented(function.signatures));
      print("  example: " + std::string{function.example} + "\n");
    }
  }
  if (!found)
    return command::report(unknown_name(Errc::bad_argument, "function", name, names), json);
  if (json) print(list.dump(2) + "\n");
  return command::kDone;
}

int explain(const std::string& code) {
  if (code.empty()) {
    for (const auto& entry : error_catalogue())
      print(to_string(entry.code) + "  " + padded(std::string{entry.name}, 26) +
            std::string{entry.title} + "\n");
    return command::kDone;
  }
  const auto* entry = find_error(code);
  if (entry == nullptr)
    return command::report(Error{Errc::bad_argument, "no error code '" + code + "'"}.with_remedy(
        "`flowctl explain` lists them"));
  const auto fault = entry->fault == Fault::user ? "yours to mend: the input is wrong (exit code 2)"
                     : entry->fault == Fault::external
                         ? "something outside Flow failed (exit code 3)"
                         : "a bug in Flow (exit code 4)";
  const auto retry =
      entry->retry == Retry::never     ? "the same again fails again; the job is not restarted"
      : entry->retry == Retry::restart ? "a restart may help; the job restarts by its policy"
                                       : "it may pass by itself; the job restarts after a pause";
  print(to_string(entry->code) + " " + std::string{entry->name} + ": " + std::string{entry->title} +
        "\n\n" + std::string{entry->detail} + "\n\n" + fault + "\n" + retry + "\n");
  return command::kDone;
}

}  // namespace flow::flowctl
