#include "killed_job.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

/// Two sources, of which one finds a bad row in every seven and the other one here and there, with
/// checkpoints all the time.
class LetteredJob : public KilledJob {
 public:
  LetteredJob() {
    std::string rows;
    std::string few;
    for (int i = 0; i < 300'000; ++i) {
      const auto n = std::to_string(i);
      rows += "{\"n\":" + (i % 7 == 3 ? "\"x" + n + "\"" : n) + ",\"key\":" + n + "}\n";
      if (i % 30 == 0) few += (i % 900 == 0 ? "?" : "") + n + "," + n + "\n";
    }
    dir_.write("input/rows.ndjson", rows);
    dir_.write("input/few.csv", few);
    topology_ = dir_.write("job.yaml", R"(
job: lettered
parallelism: 3
checkpoints: {directory: "${STATE}", interval: 20ms}
dead_letters: {connector: file, path: "${OUT}/dead", format: ndjson}
sources:
  rows:
    connector: file
    path: )" + (dir_ / "input/rows.ndjson").string() +
                                           R"(
    format: ndjson
    range: 512KiB
    on_error: dead_letter
    schema: {n: int64, key: int64}
  few:
    connector: file
    path: )" + (dir_ / "input/few.csv").string() +
                                           R"(
    format: {type: csv, header: false}
    on_error: dead_letter
    schema: {n: int64, key: int64}
steps:
  both: {union: [rows, few]}
sinks:
  all: {from: both, connector: file, path: "${OUT}/all", format: csv, format.header: false}
)")
                    .string();
  }

  /// Rows, and letters without the moment at which they were set aside.
  [[nodiscard]] std::vector<std::string> result(const std::string& run) const {
    auto lines = output(run);
    for (auto& line : lines)
      if (line.starts_with("{\"at\"")) line.erase(0, line.find("\"source\""));
    std::sort(lines.begin(), lines.end());
    return lines;
  }
};

TEST_CASE("kill -9 at any moment neither loses nor doubles a dead letter",
          "[recovery][kill][dead_letters]") {
  const LetteredJob job;
  job.finish("undisturbed");
  const auto expected = job.result("undisturbed");
  REQUIRE(expected.size() == 310'000);
  REQUIRE(std::count_if(expected.begin(), expected.end(), [](const std::string& line) {
            return line.starts_with("\"source\"");
          }) == 300'000 / 7 + 300'000 / 900 + 1);

  kill_at_random(job, expected, [&](const std::string& run) { return job.result(run); });
}

}  // namespace
}  // namespace flow::testing
