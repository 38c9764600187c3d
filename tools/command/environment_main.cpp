#include "checked_job.hpp"
#include "exit_code.hpp"
#include "report.hpp"
#include "run_options.hpp"
#include "standard_streams.hpp"
#include "usage.hpp"

#include "flow/api/environment.hpp"

#include <CLI/CLI.hpp>

namespace flow {

int Environment::main(int argc, char** argv) {
  command::hold_standard_streams();
  command::Signals signals;
  command::RunArguments arguments;
  std::optional<std::uint32_t> parallelism;
  CLI::App app{"A job of Flow."};
  app.add_option("--parallelism", parallelism, "subtasks per step")
      ->check(CLI::Range(1u, kMaxKeyGroups));
  command::add_run_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return command::report_usage(app, problem);
  }

  auto world = command::make_world();
  if (!world) return command::report(world.error(), arguments.json);
  std::vector<Error> errors;
  auto made = graph((*world)->connectors, errors);
  const auto job = command::check_job(std::move(made), std::move(errors));
  if (!job.graph) return command::report(job.errors, arguments.json);
  auto plan_options = options();
  if (parallelism) plan_options.parallelism = *parallelism;
  auto planned = plan(*job.graph, plan_options);
  if (!planned) return command::report(planned.error(), arguments.json);
  return command::run_plan(*std::move(planned), arguments, **world, signals);
}

}  // namespace flow
