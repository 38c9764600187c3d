#include "killed_job.hpp"

#include "flow/base/failure_points.hpp"
#include "flow/base/random.hpp"
#include "support/seed.hpp"

#include <csignal>

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

TEST_CASE("a crash at each failure point neither loses nor doubles a row", "[recovery][kill]") {
  const Job job;
  job.finish("undisturbed");
  const auto expected = job.output("undisturbed");
  Random random{test_seed()};
  int reached = 0;
  for (const auto& point : failure_points()) {
    const auto name = "at_" + std::string{point.name};
    const auto hit = 1 + random.below(3);
    INFO("seed " << test_seed() << ", " << point.name << " at its hit " << hit);
    const auto crashed = run_process(
        job.command(name),
        {{"FLOW_FAILURE_POINTS", std::string{point.name} + "=crash@" + std::to_string(hit)}},
        std::chrono::minutes{5});
    // A point that this job passes less often than that is not reached: then the run has ended
    // well.
    CHECK((crashed.code == 0 || crashed.code == 128 + SIGKILL));
    if (crashed.code != 0) {
      ++reached;
      // Recovery is interrupted as well, once.
      const auto again =
          run_process(job.command(name), {{"FLOW_FAILURE_POINTS", "publish.after_takeover=crash"}},
                      std::chrono::minutes{5});
      CHECK((again.code == 0 || again.code == 128 + SIGKILL));
      job.finish(name);
    }
    CHECK(job.output(name) == expected);
  }
  CHECK(reached >= 15);
}

}  // namespace
}  // namespace flow::testing
