#include "job_files.hpp"

#include "command/report.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

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

/// The path was typed, so it is the user's to put right, whatever the system said.
Error unreadable(const std::string& path, const Error& cause, FileSystem& files) {
  auto error =
      Error{Errc::topology_unreadable, "cannot read '" + path + "'"}.with_cause(cause.reason());
  const std::filesystem::path typed{path};
  const auto folder = typed.has_parent_path() ? typed.parent_path().string() : std::string{"."};
  const auto siblings = files.list(folder);
  if (cause.code() != Errc::not_found || !siblings) return error;
  std::vector<std::string> names;
  for (const auto& sibling : *siblings)
    if (!sibling.is_directory)
      names.push_back(std::filesystem::path{sibling.path}.filename().string());
  if (const auto meant = nearest(typed.filename().string(), names))
    return std::move(error).with_remedy("did you mean '" + (typed.parent_path() / *meant).string() +
                                        "'?");
  return error;
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
      job.errors.push_back(unreadable(path, text.error(), *world.files));
  }
  auto variables = variables_of(arguments);
  if (!variables) job.errors.push_back(variables.error());
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
