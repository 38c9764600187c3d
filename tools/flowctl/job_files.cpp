#include "job_files.hpp"

#include "command/report.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace flow::flowctl {
namespace {

constexpr ByteCount kMaxConfigBytes = 4_MiB;

Result<Variables> variables_of(const JobArguments& arguments) {
  Variables variables;
  for (const auto& assignment : arguments.set) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{Errc::bad_argument, "--set takes NAME=VALUE, not '" + assignment + "'"};
    }
    variables.set[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  variables.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): startup, one thread
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  return variables;
}

}  // namespace

std::string_view LoadedJob::text_of(const Error& error) const {
  for (const auto& text : texts)
    if (text.path == error.where().file) return text.text;
  return {};
}

LoadedJob load_texts(std::vector<ConfigText> texts, const Variables& variables,
                     command::World& world) {
  LoadedJob job;
  auto loaded = load_topology(texts, world.connectors, variables, *world.files);
  static_cast<command::CheckedJob&>(job) =
      command::check_job(std::move(loaded.topology.graph), std::move(loaded.errors));
  job.texts = std::move(texts);
  job.topology = std::move(loaded.topology);
  return job;
}

LoadedJob load_job(const JobArguments& arguments, command::World& world) {
  LoadedJob job;
  for (const auto& path : arguments.files) {
    auto text = world.files->read_all(path, kMaxConfigBytes);
    if (text)
      job.texts.push_back({path, *std::move(text)});
    else
      job.errors.push_back(std::move(text).error());
  }
  auto variables = variables_of(arguments);
  if (!variables) job.errors.push_back(std::move(variables).error());
  if (!job.errors.empty()) return job;
  return load_texts(std::move(job.texts), *variables, world);
}

Result<ExecutionPlan> plan_job(const LoadedJob& job, const JobArguments& arguments) {
  PlanOptions options;
  options.parallelism = arguments.parallelism.value_or(
      job.topology.parallelism.value_or(std::max(1u, std::thread::hardware_concurrency())));
  options.key_groups = job.topology.key_groups;
  options.checkpoints = job.topology.checkpoints;
  options.restart = job.topology.restart;
  FLOW_ASSIGN(auto planned, plan(*job.graph, options));
  if (job.topology.linger) planned.linger = *job.topology.linger;
  return planned;
}

int report(const LoadedJob& job, bool json) {
  return command::report(job.errors, json, [&](const Error& error) { return job.text_of(error); });
}

}  // namespace flow::flowctl
