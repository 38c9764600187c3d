#include "topology_commands.hpp"

#include "command/exit_code.hpp"
#include "command/report.hpp"

#include "flow/graph/caveats.hpp"

#include <cstdio>

namespace flow::flowctl {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

template <class Node>
std::size_t count(const LogicalGraph& graph) {
  std::size_t n = 0;
  for (const auto& node : graph.nodes) n += std::holds_alternative<Node>(node.what) ? 1u : 0u;
  return n;
}

std::string plural(std::size_t n, const char* word) {
  return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
}

}  // namespace

int check(const JobArguments& arguments, bool json, command::World& world) {
  auto job = load_job(arguments, world);
  if (job.graph) {
    if (auto planned = plan_job(job, arguments); !planned)
      job.errors.push_back(std::move(planned).error());
  }
  if (!job.errors.empty()) {
    const auto code = report(job, json);
    if (!json) std::fprintf(stderr, "%s\n", plural(job.errors.size(), "error").c_str());
    return code;
  }
  for (const auto& warning : job.warnings) {
    const auto& place = warning.where();
    std::fprintf(stderr, "%s:%u:%u: warning: %s\n", place.file.c_str(), place.line, place.column,
                 warning.message().c_str());
  }
  if (json) {
    print("{\"ok\": true}\n");
    return command::kDone;
  }
  const auto& graph = job.graph->graph;
  print("ok: " + graph.job + " · " + plural(count<SourceNode>(graph), "source") + " · " +
        plural(count<OperatorNode>(graph), "step") + " · " +
        plural(count<SinkNode>(graph), "sink") + "\n");
  for (const auto& caveat : caveats(*job.graph))
    print("note: " + caveat.place.file + ":" + std::to_string(caveat.place.line) + ": " +
          caveat.text + "\n");
  return command::kDone;
}

int show_plan(const JobArguments& arguments, const std::string& format, command::World& world) {
  const auto job = load_job(arguments, world);
  if (!job.graph) return report(job, format == "json");
  const auto planned = plan_job(job, arguments);
  if (!planned) return command::report(planned.error(), format == "json");
  print(format == "json"  ? planned->to_json() + "\n"
        : format == "dot" ? to_dot(*planned)
                          : to_text(*planned));
  return command::kDone;
}

}  // namespace flow::flowctl
