#include "generate_command.hpp"

#include "command/report.hpp"
#include "job_files.hpp"

#include <nlohmann/json.hpp>

namespace flow::flowctl {
namespace {

/// Text as a YAML value that means just this text.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The topology that does it: what a user would write by hand.
Result<std::string> topology_of(const GenerateArguments& arguments) {
  auto text = "job: generate\nparallelism: 1\nsources:\n  generated:\n    connector: " +
              quoted(arguments.connector) + "\n    count: " + std::to_string(arguments.count) +
              "\n";
  if (!arguments.schema.empty()) text += "    schema: {" + arguments.schema + "}\n";
  for (const auto& option : arguments.options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{Errc::bad_argument, "--option takes NAME=VALUE, not '" + option + "'"};
    // A list is written as in YAML: --option 'columns.country.values=[de, fr]'.
    const auto value = option.substr(equals + 1);
    text += "    " + option.substr(0, equals) + ": " +
            (value.starts_with("[") ? value : quoted(value)) + "\n";
  }
  text += "sinks:\n  rows: {from: generated, format: " + quoted(arguments.format);
  text += arguments.output.empty() ? ", connector: print}\n"
                                   : ", connector: file, path: " + quoted(arguments.output) + "}\n";
  return text;
}

}  // namespace

int generate(const GenerateArguments& arguments, command::World& world, command::Signals& signals) {
  auto text = topology_of(arguments);
  if (!text) return command::report(text.error());
  const auto job = load_texts({{"(generate)", *std::move(text)}}, {}, world);
  if (!job.graph) return report(job, false);
  auto planned = plan_job(job, {});
  if (!planned) return command::report(planned.error());
  return command::run_plan(*std::move(planned), {}, world, signals);
}

}  // namespace flow::flowctl
