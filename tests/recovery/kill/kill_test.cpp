#include "killed_job.hpp"

#include "flow/base/failure_points.hpp"
#include "flow/base/random.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>

namespace flow::testing {
namespace {

/// A keyed, windowed job over a file with checkpoints all the time: long enough to be killed often,
/// with disorder, hopping windows, a late side output and a second sink.
class Job : public KilledJob {
 public:
  Job() {
    const auto made = flowctl({"generate", "datagen",
                               "--count",  "300000",
                               "--format", "csv",
                               "--output", (dir_ / "input/rows").string(),
                               "--schema", "at: timestamp, key: string, value: int64",
                               "--option", "columns.at.kind=sequence",
                               "--option", "columns.at.start=2024-01-01",
                               "--option", "columns.at.step=10ms",
                               "--option", "columns.key.kind=sequence",
                               "--option", "columns.key.prefix=k",
                               "--option", "columns.key.modulo=300",
                               "--option", "columns.key.shuffle=true",
                               "--option", "columns.value.max=1000",
                               "--option", "columns.value.nulls=0.1"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    topology_ = dir_.write("job.yaml", R"(
job: killed
parallelism: 3
checkpoints: {directory: "${STATE}", interval: 20ms}
sources:
  rows:
    connector: file
    path: )" + (dir_ / "input/rows-0-*.csv").string() +
                                           R"(
    format: csv
    range: 512KiB
    schema: {at: timestamp, key: string, value: int64}
    event_time: at
    watermark: 50ms
steps:
  some:
    from: rows
    filter: value IS NULL OR value % 7 <> 0
  per_key:
    from: some
    key_by: key
    window: {hopping: {size: 10s, slide: 2s}}
    aggregate: {rows: count(), total: sum(value), least: min(value)}
  best:
    from: per_key
    top: {n: 5, by: total desc, per: window_end}
sinks:
  top: {from: best, connector: file, path: "${OUT}/best", format: ndjson}
  all: {from: per_key, connector: file, path: "${OUT}/all", format: csv, format.header: false}
)")
                    .string();
  }
};

TEST_CASE("kill -9 at any moment neither loses nor doubles a row", "[recovery][kill]") {
  const Job job;
  job.finish("undisturbed");
  const auto expected = job.output("undisturbed");
  REQUIRE(expected.size() > 10'000);
  kill_at_random(job, expected, [&](const std::string& run) { return job.output(run); });
}

/// What a run must find so that it comes to a failure point.
enum class Found : std::uint8_t {
  nothing,   ///< An empty place.
  output,    ///< What an earlier run wrote that has finished: it gives way.
  snapshot,  ///< A run that was cut off between its parts and its manifest.
};

Found needed_by(std::string_view point) {
  if (point == "file_sink.replaced_one") return Found::output;
  if (point == "file_sink.before_cleanup" || point == "subtask.restore") return Found::snapshot;
  return Found::nothing;
}

Exit run_with(const Job& job, const std::string& run, const std::string& failure_point) {
  auto exit = run_process(job.command(run), {{"FLOW_FAILURE_POINTS", failure_point}},
                          std::chrono::minutes{5});
  INFO(run << " with " << failure_point << "\n" << exit.err);
  REQUIRE((exit.code == 0 || exit.code == 128 + SIGKILL));
  return exit;
}

/// A run that has died at `point`, or nothing if it never came there. What a run passes depends on
/// how its checkpoints fall, so the first hit of a new run is tried when a later one did not come.
std::optional<std::string> crash_at(const Job& job, std::string_view point, std::uint64_t hit) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const auto name = "at_" + std::string{point} + "_" + std::to_string(attempt);
    const auto found = needed_by(point);
    if (found == Found::output) job.finish(name);
    if (found == Found::snapshot)
      run_with(job, name, "checkpoint.before_manifest=crash@" + std::to_string(2 + attempt % 5));
    const auto rule = std::string{point} + "=crash@" + std::to_string(attempt == 0 ? hit : 1);
    if (run_with(job, name, rule).code != 0) return name;
  }
  return std::nullopt;
}

/// All points at full size; otherwise a third of them: those that need a start of their own, and
/// others by seed.
std::vector<std::string_view> points_to_crash_at(Random& random) {
  std::vector<std::string_view> points;
  for (const auto& point : failure_points()) points.push_back(point.name);
  if (kills() >= 100) return points;
  for (std::size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[random.below(i)]);
  std::stable_partition(points.begin(), points.end(),
                        [](std::string_view point) { return needed_by(point) != Found::nothing; });
  points.resize((points.size() + 2) / 3);
  return points;
}

// There is no failure point that flowctl cannot come to: no list of exceptions.
TEST_CASE("a crash at each failure point neither loses nor doubles a row", "[recovery][kill]") {
  const Job job;
  job.finish("undisturbed");
  const auto expected = job.output("undisturbed");
  Random random{test_seed()};
  const auto points = points_to_crash_at(random);
  std::cout << "crashes at " << points.size() << " of " << failure_points().size()
            << " failure points, seed " << test_seed() << ":";
  for (const auto point : points) {
    const auto hit = 1 + random.below(3);
    INFO("seed " << test_seed() << ", " << point << " at its hit " << hit);
    const auto run = crash_at(job, point, hit);
    REQUIRE(run);
    std::cout << " " << point << std::flush;
    // Recovery is interrupted as well, once.
    CHECK(run_with(job, *run, "publish.after_takeover=crash").code == 128 + SIGKILL);
    job.finish(*run);
    // Whole vectors would be printed.
    CHECK((job.output(*run) == expected));
  }
  std::cout << std::endl;
}

}  // namespace
}  // namespace flow::testing
