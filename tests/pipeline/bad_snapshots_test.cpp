// Snapshots that cannot be gone on from: each says why, nothing is written, and put right the job
// goes on.
#include "flow/base/crc32c.hpp"
#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>

namespace flow::testing {
namespace {

using Catch::Contains;
namespace fs = std::filesystem;

/// A keyed job that was cut off behind its first checkpoint with rows. One subtask: with two phases
/// the state may still be on its way. However slow the disk, that checkpoint is not the last one.
class CutOffJob {
 public:
  CutOffJob() {
    topology_ = dir_.write("job.yaml",
                           "checkpoints: {directory: " + (dir_ / "state").string() +
                               ", interval: 50ms}\nsources:\n  n: {connector: sequence, count: "
                               "4000, rate: 4000, schema: {n: int64, at: timestamp}, "
                               "event_time: at, watermark: 1ms}\nsteps:\n  w: {from: n, key_by: "
                               "{k: n % 10}, window: {tumbling: 10s}, aggregate: {n: "
                               "count(), least: min(n)}}\nsinks:\n  o: {from: n, connector: "
                               "file, path: " +
                               (dir_ / "out/rows").string() +
                               ", format: csv, format.header: false}\n  p: {from: w, "
                               "connector: blackhole}\n")
                    .string();
    const auto crashed = run_process({flowctl_path(), "run", topology_, "--parallelism", "1"},
                                     {{"FLOW_FAILURE_POINTS", "file_sink.committed=crash"}});
    REQUIRE(crashed.code == 128 + 9);
    before_ = output();
    fs::copy(dir_ / "state", dir_ / "state.good", fs::copy_options::recursive);
  }

  Exit run(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"run", topology_, "--parallelism", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return flowctl(std::move(arguments));
  }
  std::vector<std::string> output() const { return output_lines((dir_ / "out").string(), "rows"); }

  /// Newest file of the state directory whose name begins with `prefix`.
  fs::path newest(const std::string& prefix) const {
    fs::path found;
    for (const auto& entry : fs::recursive_directory_iterator{dir_ / "state"}) {
      const auto name = entry.path().filename().string();
      if (entry.is_regular_file() && name.starts_with(prefix) &&
          (found.empty() || name > found.filename().string()))
        found = entry.path();
    }
    REQUIRE_FALSE(found.empty());
    return found;
  }
  std::string read(const fs::path& path) const {
    return dir_.read(fs::relative(path, dir_.path()).string());
  }
  void write(const fs::path& path, const std::string& bytes) const {
    dir_.write(fs::relative(path, dir_.path()).string(), bytes);
  }

  /// The job is refused with `said`, writes nothing, and goes on once the state is put back.
  void refuses(int code, const std::vector<std::string>& said) {
    const auto refused = run();
    INFO(refused.err);
    CHECK(refused.code == code);
    for (const auto& each : said) CHECK_THAT(refused.err, Contains(each));
    CHECK(output() == before_);
    fs::remove_all(dir_ / "state");
    fs::copy(dir_ / "state.good", dir_ / "state", fs::copy_options::recursive);
    const auto resumed = run();
    INFO(resumed.err);
    CHECK(resumed.code == 0);
    auto rows = output();
    CHECK(rows.size() == 4'000);
    CHECK((std::adjacent_find(rows.begin(), rows.end()) == rows.end()));
  }

 private:
  TempDir dir_;
  std::string topology_;
  std::vector<std::string> before_;
};

/// A manifest or object with a valid checksum over what was changed.
std::string sealed(std::string file) {
  const auto checksum =
      crc32c(std::string_view{file}.substr(16), crc32c(std::string_view{file}.substr(0, 12)));
  std::memcpy(file.data() + 12, &checksum, sizeof checksum);
  return file;
}

TEST_CASE("a changed job is told what has changed and all it takes to begin again",
          "[pipeline][bad_input]") {
  TempDir dir;
  const auto job = [&](const std::string& filter, const std::string& more,
                       const std::string& out = "out") {
    return dir
        .write("x.yaml", "checkpoints: {directory: " + (dir / "state").string() +
                             ", interval: 20ms}\nsources:\n  n: {connector: sequence, rate: 1000, "
                             "schema: {n: int64}}\nsteps:\n  s: {from: n, filter: " +
                             filter + "}\nsinks:\n  out: {from: s, connector: file, path: " +
                             (dir / out / "rows.csv").string() + more + "}\n")
        .string();
  };
  CHECK(flowctl({"run", job("n > 1", "")}, {{"FLOW_FAILURE_POINTS", "file_sink.committed=crash"}})
            .code == 128 + 9);
  const auto changed = flowctl({"run", job("n > 2", "")});
  CHECK(changed.code == 2);
  CHECK_THAT(changed.err, Contains("E1221") && Contains("`filter` of 's' was n > 1 and is n > 2") &&
                              Contains("run with --fresh and") && Contains("`existing: replace`"));
  // A path that was mistyped on top of it leaves no directory behind.
  CHECK(flowctl({"run", job("n > 2", "", "elsewhere")}).code == 2);
  CHECK_FALSE(fs::exists(dir / "elsewhere"));
  CHECK(flowctl({"run", job("n > 2", ""), "--fresh"}).code == 2);
  // What the remedy says is enough.
  CHECK(flowctl({"run", job("n > 2", ", existing: replace"), "--duration", "300ms", "--fresh"})
            .code == 1);
}

TEST_CASE("a snapshot that is not there is the user's mistake", "[pipeline][bad_input]") {
  CutOffJob job;
  const auto refused = job.run({"--from", "nosuch"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("there is no snapshot 'nosuch'") && Contains("--from takes"));
}

TEST_CASE("a truncated manifest is refused", "[pipeline][bad_input]") {
  CutOffJob job;
  const auto path = job.newest("manifest-");
  job.write(path, job.read(path).substr(0, 100));
  job.refuses(3, {"error E1502: cannot read manifest", "it has 100 bytes instead of", "--from"});
}

TEST_CASE("a corrupt manifest is refused", "[pipeline][bad_input]") {
  CutOffJob job;
  const auto path = job.newest("manifest-");
  auto bytes = job.read(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  job.write(path, bytes);
  job.refuses(3, {"error E1501: cannot read manifest", "checksum", "--fresh"});
}

TEST_CASE("a foreign file in place of a manifest is refused", "[pipeline][bad_input]") {
  CutOffJob job;
  job.write(job.newest("manifest-"), "#!/bin/sh\necho this is something else altogether\n");
  job.refuses(2, {"error E1503: cannot read manifest", "does not begin like a manifest"});
}

TEST_CASE("a manifest of a newer version is refused", "[pipeline][bad_input]") {
  CutOffJob job;
  const auto path = job.newest("manifest-");
  auto bytes = job.read(path);
  bytes[8] = 2;
  job.write(path, sealed(bytes));
  job.refuses(2, {"error E1504: cannot read manifest", "version 2"});
}

TEST_CASE("a state directory of a newer version or of somebody else is refused",
          "[pipeline][bad_input]") {
  {
    CutOffJob job;
    job.write(job.newest("lock").parent_path() / "format", "flow snapshots 9\n");
    job.refuses(2, {"error E1504", "a later version of Flow laid it out"});
  }
  CutOffJob job;
  job.write(job.newest("lock").parent_path() / "format", "mine\n");
  job.refuses(2, {"error E1503", "was not written by Flow", "set another checkpoints.directory"});
}

TEST_CASE("a state object that is truncated, corrupt or gone is refused", "[pipeline][bad_input]") {
  {
    CutOffJob job;
    const auto path = job.newest("a");
    job.write(path, job.read(path).substr(0, job.read(path).size() - 5));
    job.refuses(3, {"error E150"});
  }
  {
    CutOffJob job;
    const auto path = job.newest("a");
    auto bytes = job.read(path);
    for (auto at = bytes.size() / 2; at < bytes.size(); ++at)
      bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    job.write(path, bytes);
    job.refuses(3, {"error E1501"});
  }
  CutOffJob job;
  fs::remove(job.newest("a"));
  job.refuses(3, {"error E1505"});
}

}  // namespace
}  // namespace flow::testing
