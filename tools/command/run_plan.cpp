#include "run_plan.hpp"

#include "exit_code.hpp"
#include "json_log.hpp"
#include "json_text.hpp"
#include "progress_block.hpp"
#include "report.hpp"

#include "flow/actors/runtime.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace flow::command {
namespace {

using namespace std::chrono_literals;
using actors::JobState;

/// How a run is watched: a block on a terminal, JSON lines elsewhere. Everything goes to stderr.
class Watcher {
 public:
  Watcher(const ExecutionPlan& plan, bool json)
      : json_{json}, block_{count_steps(plan), widest(plan)} {}

  [[nodiscard]] std::chrono::nanoseconds interval() const { return json_ ? 1s : 250ms; }

  void show(const actors::JobProgress& progress) {
    print(json_ ? json_line(progress) : block_.redraw(progress));
  }

  void event(const actors::JobEvent& event) {
    using Kind = actors::JobEvent::Kind;
    if (json_) return;  // the same is in the progress objects
    if (event.kind == Kind::resumed)
      print(block_.erase() + "going on from checkpoint " + std::to_string(event.epoch.value) +
            "\n");
    else if (event.kind == Kind::attempt_failed && event.error)
      print(block_.erase() + "attempt " + std::to_string(event.attempt.value) +
            " failed, next in " + format_duration(event.delay) + ": " + event.error->to_line() +
            "\n");
    else if (event.kind == Kind::checkpoint_failed && event.error)
      print(block_.erase() + "checkpoint " + std::to_string(event.epoch.value) +
            " failed, the job runs on: " + event.error->to_line() + "\n");
  }

  /// A job that was asked to stop may drain for long.
  void stopping() {
    constexpr std::string_view kText = "stopping: draining and committing; again to end at once";
    print(json_ ? "{\"event\": \"stopping\", \"message\": \"" + std::string{kText} + "\"}\n"
                : block_.erase() + std::string{kText} + "\n");
  }

  void finish(const actors::JobResult& result, bool explicit_json) {
    if (!json_) {
      print(block_.redraw(result.progress));
      for (const auto& warning : result.warnings) print("warning: " + warning.to_line() + "\n");
    }
    if (result.error && !explicit_json) print(render(*result.error));
    print(json_ ? json_line(result) : summary_line(result));
  }

 private:
  static void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }
  static std::uint32_t count_steps(const ExecutionPlan& plan) {
    std::vector<std::string> nodes;
    for (const auto& chain : plan.chains)
      for (const auto& link : chain.links)
        if (std::find(nodes.begin(), nodes.end(), link.node) == nodes.end())
          nodes.push_back(link.node);
    return static_cast<std::uint32_t>(nodes.size());
  }
  static std::uint32_t widest(const ExecutionPlan& plan) {
    std::uint32_t most = 1;
    for (const auto& chain : plan.chains) most = std::max(most, chain.parallelism);
    return most;
  }

  bool json_;
  ProgressBlock block_;
};

int exit_code_of(const actors::JobResult& result) {
  if (result.error) {
    // Whoever closed the pipe has what they wanted: `flowctl run x.yaml | head`.
    if (result.error->code() == Errc::output_closed) return kDone;
    return command::exit_code_of(result.error->fault());
  }
  return result.state == JobState::finished ? kDone : kInterrupted;
}

/// How long to run; none: to the end.
Result<std::optional<Micros>> duration_of(const RunArguments& arguments) {
  if (arguments.duration.empty()) return std::optional<Micros>{};
  const auto parsed = parse_duration(arguments.duration);
  if (!parsed || *parsed <= Micros{0})
    return Error{Errc::bad_argument,
                 "--duration takes a time such as 30s, not '" + arguments.duration + "'"};
  return std::optional{*parsed};
}

Status check_start(const RunArguments& arguments) {
  if (!arguments.fresh || !arguments.from) return {};
  return Error{Errc::bad_argument, "--from and --fresh contradict each other"}
      .with_cause("--from goes on from the state of that snapshot, --fresh begins without any")
      .with_remedy(
          "give one of them; neither goes on from the job's last snapshot, if there is one");
}

}  // namespace

int run_plan(ExecutionPlan plan, const RunArguments& arguments, World& world, Signals& signals) {
  if (const auto status = check_start(arguments); !status)
    return report(status.error(), arguments.json);
  const auto duration = duration_of(arguments);
  if (!duration) return report(duration.error(), arguments.json);
  const bool json = arguments.json || isatty(STDERR_FILENO) == 0;
  if (json) world.log = make_json_log(world.log_level);
  Watcher watcher{plan, json};
  signals.watch();
  actors::RuntimeOptions options;
  if (arguments.wire_always) options.wire = actors::WireMode::always;
  auto runtime = actors::Runtime::start(
      options, {*world.files, world.clock, *world.log, *world.failure_points});
  if (!runtime) return report(runtime.error(), arguments.json);

  // Events arrive on a runtime thread; they are shown by this one.
  std::mutex mutex;
  std::vector<actors::JobEvent> events;
  const auto started = world.clock.monotonic();
  auto job = (*runtime)->run(std::move(plan), {arguments.fresh, arguments.from},
                             [&](const actors::JobEvent& event) {
                               const std::lock_guard lock{mutex};
                               events.push_back(event);
                             });
  const auto show_events = [&] {
    std::vector<actors::JobEvent> taken;
    {
      const std::lock_guard lock{mutex};
      taken.swap(events);
    }
    for (const auto& event : taken) watcher.event(event);
  };

  auto next_show = started + watcher.interval();
  int stops = 0;
  bool time_was_up = false;
  std::optional<actors::JobResult> result;
  while (!(result = job.wait_for(50ms))) {
    const auto now = world.clock.monotonic();
    const auto arrived = signals.count();
    const bool time_is_up =
        *duration && now - started >= **duration && arrived == 0 && !time_was_up;
    time_was_up = time_was_up || time_is_up;
    const auto asked = arrived + (time_was_up ? 1 : 0);
    if (asked > stops) {
      if (stops == 0) job.stop();
      if (stops == 0 && asked == 1 && !time_is_up) watcher.stopping();
      if (asked > 1) job.cancel();
      stops = asked;
    }
    show_events();
    if (now < next_show) continue;
    next_show = now + watcher.interval();
    if (const auto progress = job.progress()) watcher.show(*progress);
  }
  show_events();
  if (result->error && result->error->code() == Errc::output_closed) return kDone;
  watcher.finish(*result, arguments.json);
  return exit_code_of(*result);
}

}  // namespace flow::command
