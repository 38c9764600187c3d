#include "run_command.hpp"

#include "command/report.hpp"

namespace flow::flowctl {

int run(const JobArguments& arguments, const command::RunArguments& run, command::World& world,
        command::Signals& signals) {
  const auto job = load_job(arguments, world);
  if (!job.graph) return report(job, run.json);
  auto planned = plan_job(job, arguments);
  if (!planned) return command::report(planned.error(), run.json);
  return command::run_plan(*std::move(planned), run, world, signals);
}

}  // namespace flow::flowctl
