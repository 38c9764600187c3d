#include "catalogue_commands.hpp"
#include "command/exit_code.hpp"
#include "command/report.hpp"
#include "command/run_options.hpp"
#include "command/standard_streams.hpp"
#include "command/usage.hpp"
#include "command/world.hpp"
#include "generate_command.hpp"
#include "run_command.hpp"
#include "topology_commands.hpp"

#include "flow/base/nearest.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace flow::flowctl {
namespace {

/// What was typed.
struct Typed {
  JobArguments job;
  command::RunArguments run;
  GenerateArguments generate;
  std::string format = "text";
  std::string name;
  bool json = false;
};

void add_job_options(CLI::App& command, JobArguments& job) {
  command.add_option("FILE", job.files, "topology files; several make one job")
      ->required()
      ->type_name("");
  command.add_option("--set", job.set, "NAME=VALUE for ${NAME} in the files")
      ->type_name("NAME=VALUE")
      ->take_all();
  command
      .add_option("--parallelism", job.parallelism,
                  "subtasks per step; default: the file's, else one per core")
      ->check(CLI::Range(1u, kMaxKeyGroups));
}

/// The first word is a command that does not exist.
std::optional<Error> mistyped(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  const std::string word = argv[1];
  std::vector<std::string> commands;
  for (const auto* command : app.get_subcommands({})) {
    if (command->check_name(word)) return std::nullopt;
    commands.push_back(command->get_name());
  }
  return Error{Errc::bad_argument, "there is no command '" + word + "'"}.with_note(
      choices_note("commands", word, commands));
}

int dispatch(int argc, char** argv) {
  command::Signals signals;
  CLI::App app{"Flow: stateful stream processing in one binary."};
  app.name("flowctl");
  app.set_version_flag("--version", std::string{"flowctl "} + FLOW_VERSION);
  app.require_subcommand(1);
  app.footer("Example: flowctl run configs/topologies/airport_delays.yaml");
  Typed typed;
  auto& job = typed.job;

  auto* run_command = app.add_subcommand("run", "run a job here, in this process");
  add_job_options(*run_command, job);
  command::add_run_options(*run_command, typed.run);
  run_command->footer(
      "Goes on from the job's last snapshot if an earlier run was cut off.\n"
      "Ctrl-C stops: sources end, a last checkpoint is taken, output is committed.\n"
      "Example: flowctl run job.yaml --set INPUT=data.csv --parallelism 2");

  auto* check_command =
      app.add_subcommand("check", "find everything that is wrong without running");
  add_job_options(*check_command, job);
  check_command->add_flag("--json", typed.json, "errors as JSON lines on stderr");
  check_command->footer("Example: flowctl check job.yaml");

  auto* plan_command = app.add_subcommand("plan", "show what would run");
  add_job_options(*plan_command, job);
  plan_command->add_option("--format", typed.format, "text, json or dot")
      ->check(CLI::IsMember({"text", "json", "dot"}));
  plan_command->footer("Example: flowctl plan job.yaml --format dot | dot -Tsvg > plan.svg");

  auto* schema_command =
      app.add_subcommand("schema", "print the JSON Schema of topology files, for editors");
  auto* infer_command =
      schema_command->add_subcommand("infer", "print a `schema:` block for a csv or ndjson file");
  infer_command->add_option("FILE", typed.name, "file to look at")->required()->type_name("");
  infer_command->footer("Example: flowctl schema infer data.csv");

  auto* connectors_command =
      app.add_subcommand("connectors", "list connectors, or the options of one");
  connectors_command->add_option("NAME", typed.name, "a connector")->type_name("");
  connectors_command->add_flag("--json", typed.json, "as JSON");
  connectors_command->footer("Example: flowctl connectors file");

  auto* functions_command = app.add_subcommand(
      "functions", "list functions of expressions and aggregates, or describe one");
  functions_command->add_option("NAME", typed.name, "a function")->type_name("");
  functions_command->add_flag("--json", typed.json, "as JSON");
  functions_command->footer("Example: flowctl functions date_trunc");

  auto* generate_command = app.add_subcommand("generate", "make rows: on stdout, or in files");
  auto& generated = typed.generate;
  generate_command->add_option("CONNECTOR", generated.connector, "datagen or sequence")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"datagen", "sequence"}));
  generate_command->add_option("--count", generated.count, "rows")
      ->required()
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  generate_command->add_option("--schema", generated.schema, "columns and their types")
      ->type_name("'id: int64, …'");
  generate_command
      ->add_option("--option", generated.options,
                   "an option of the connector; see flowctl connectors NAME")
      ->type_name("NAME=VALUE");
  generate_command->add_option("--format", generated.format, "ndjson or csv")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  generate_command->add_option("--output", generated.output, "path of files; default: stdout")
      ->type_name("PATH");
  generate_command->footer(
      "Example: flowctl generate datagen --count 1000 --schema 'id: int64, name: string' --option "
      "columns.name.length=5");

  auto* explain_command = app.add_subcommand("explain", "explain an error code");
  explain_command->add_option("CODE", typed.name, "such as E1104")->type_name("");
  explain_command->footer("Example: flowctl explain E1104");

  if (const auto error = mistyped(app, argc, argv)) return command::report(*error);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return command::report_usage(app, problem);
  }

  auto world = command::make_world();
  if (!world) return command::report(world.error());
  if (run_command->parsed()) return run(job, typed.run, **world, signals);
  if (check_command->parsed()) return check(job, typed.json, **world);
  if (plan_command->parsed()) return show_plan(job, typed.format, **world);
  if (infer_command->parsed()) return infer_schema(typed.name, **world);
  if (schema_command->parsed()) return schema(**world);
  if (connectors_command->parsed()) return connectors(typed.name, typed.json, **world);
  if (generate_command->parsed()) return generate(generated, **world, signals);
  if (functions_command->parsed()) return functions(typed.name, typed.json);
  return explain(typed.name);
}

}  // namespace
}  // namespace flow::flowctl

int main(int argc, char** argv) {
  try {
    flow::command::hold_standard_streams();
    return flow::command::finish_output(flow::flowctl::dispatch(argc, argv));
  } catch (const std::exception& exception) {
    const auto text = flow::render(flow::Error{flow::Errc::internal, "flowctl failed"}
                                       .with_cause(exception.what())
                                       .with_remedy("please report this"));
    std::fwrite(text.data(), 1, text.size(), stderr);
    return flow::command::kInternalError;
  }
}
