#include "checked_job.hpp"

#include <algorithm>
#include <tuple>

namespace flow::command {

CheckedJob check_job(LogicalGraph graph, std::vector<Error> errors) {
  CheckedJob job;
  job.errors = std::move(errors);
  auto validation = validate(std::move(graph));
  for (auto& error : validation.errors)
    if (job.errors.empty() || error.code() != Errc::nothing_to_do)
      job.errors.push_back(std::move(error));
  job.warnings = std::move(validation.warnings);
  std::stable_sort(job.errors.begin(), job.errors.end(), [](const Error& a, const Error& b) {
    return std::tie(a.where().file, a.where().line, a.where().column) <
           std::tie(b.where().file, b.where().line, b.where().column);
  });
  if (job.errors.empty()) job.graph = std::move(validation.graph);
  return job;
}

}  // namespace flow::command
