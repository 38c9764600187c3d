// Places that cannot be written: what a job says, and that it loses and doubles nothing.
#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/missing.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

namespace flow::testing {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

/// How a mount namespace of one's own is had here; empty, and said, if it is not to be had.
std::string own_mounts() {
  TempDir dir;
  for (const std::string unshare : {"unshare -m", "unshare -rm"}) {
    const auto tried = run_process(
        {"bash", "-c", unshare + " mount -t tmpfs tmpfs '" + dir.path().string() + "' 2>&1"});
    if (tried.code == 0) return unshare;
  }
  // Containers may forbid namespaces; where they are allowed, a mount in one has to work.
  const bool allowed = run_process({"bash", "-c", "unshare -m true || unshare -rm true"}).code == 0;
  missing("no mount namespace is to be had here", allowed);
  return {};
}

std::string job(const TempDir& dir, const std::string& output, const std::string& state) {
  return "checkpoints: {directory: " + (dir / state).string() +
         ", interval: 30ms}\nrestart: {policy: exponential, initial: 20ms, max: 100ms}\nsources:\n"
         "  n: {connector: sequence, count: 40000, schema: {n: int64}}\nsinks:\n  o: {from: n, "
         "connector: file, path: " +
         (dir / output).string() + ", format: csv, format.header: false}\n";
}

/// Every number of the job once, whatever the order.
void expect_all(const Lines& rows) {
  CHECK(rows.size() == 40'000);
  CHECK(std::set<std::string>{rows.begin(), rows.end()}.size() == rows.size());
}

/// Neither output nor snapshots can be written to `dir`/closed, and `run` of a topology says why.
void expect_closed(const TempDir& dir, const std::function<Exit(const std::string&)>& run,
                   const std::string& reason, const std::string& remedy) {
  const auto output = run(job(dir, "closed/rows", "state"));
  INFO(output.err);
  CHECK(output.code == 3);
  CHECK_THAT(output.err,
             Contains("error E3031: 'o' cannot write to '") && Contains("closed': " + reason));
  const auto state = run(job(dir, "out/rows", "closed/state"));
  INFO(state.err);
  CHECK(state.code == 3);
  CHECK_THAT(state.err, Contains("error E1004") && Contains(reason) && Contains(remedy));
  CHECK(output_lines((dir / "out").string()).empty());
}

TEST_CASE("a directory that cannot be made is found before the first row",
          "[pipeline][bad_input]") {
  TempDir dir;
  dir.write("a_file", "");
  const auto output = dir.write("x.yaml", job(dir, "a_file/out/rows", "state")).string();
  const auto no_output = flowctl({"run", output});
  INFO(no_output.err);
  CHECK(no_output.code == 3);
  CHECK_THAT(no_output.err, Contains("error E3031: 'o' cannot write to '") &&
                                Contains("a_file/out': ") && Contains("not started again"));

  const auto state = dir.write("y.yaml", job(dir, "out/rows", "a_file/state")).string();
  const auto no_state = flowctl({"run", state});
  INFO(no_state.err);
  CHECK(no_state.code == 3);
  CHECK_THAT(no_state.err,
             Contains("error E1002: cannot create directory '") && Contains("a_file/state/y"));
  CHECK(output_lines((dir / "out").string()).empty());

  // The letters are written to a sink like any other.
  const auto letters =
      dir.write("z.yaml",
                "dead_letters: {connector: file, path: " + (dir / "a_file/dead").string() +
                    ", format: ndjson}\nsources:\n  a: {connector: file, path: " +
                    dir.write("in.csv", "n\n1\n").string() +
                    ", format: csv, schema: {n: int64}, on_error: dead_letter}\nsinks:\n  o: "
                    "{from: a, connector: print}\n")
          .string();
  const auto no_letters = flowctl({"run", letters});
  CHECK(no_letters.code == 3);
  CHECK(no_letters.out.empty());
  CHECK_THAT(no_letters.err, Contains("error E3031: 'dead_letters' cannot write to '"));
}

TEST_CASE("a directory without permission to write is found before the first row",
          "[pipeline][bad_input]") {
  TempDir dir;
  std::filesystem::create_directory(dir / "closed");
  const auto mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec;
  std::filesystem::permissions(dir / "closed", mode);
  const auto run = [&](const std::string& topology) {
    const auto path = dir.write("x.yaml", topology).string();
    return run_process(without_privileges({flowctl_path(), "run", path}));
  };
  expect_closed(dir, run, "permission denied", "check owner and mode of the path");
  std::filesystem::permissions(dir / "closed", std::filesystem::perms::owner_all);
}

TEST_CASE("a file system that is read-only is found before the first row",
          "[pipeline][bad_input]") {
  const auto unshare = own_mounts();
  if (unshare.empty()) return;
  TempDir dir;
  const auto run = [&](const std::string& topology) {
    std::filesystem::create_directories(dir / "closed");
    const auto path = dir.write("x.yaml", topology).string();
    return run_process({"bash", "-c",
                        unshare + " bash -c \"mount -t tmpfs -o ro tmpfs '" +
                            (dir / "closed").string() + "' && exec '" + flowctl_path() + "' run '" +
                            path + "'\""});
  };
  expect_closed(dir, run, "read-only file system", "mount the file system for writing");
}

/// Runs the job with `disk` on a file system of `size`, waits until it has met the end of it a few
/// times, gives it room and lets it finish. Its output is copied to `copy` then.
Exit run_on_full_disk(const TempDir& dir, const std::string& unshare, const std::string& size,
                      const std::string& topology) {
  const auto path = dir.write("x.yaml", topology).string();
  std::filesystem::create_directories(dir / "disk");
  const auto script = dir.write("run.sh", R"sh(
set -u
mount -t tmpfs -o size=)sh" + size + R"sh( tmpfs "$1/disk"
"$2" run "$3" --parallelism 2 2> "$1/err" &
job=$!
for i in $(seq 3000); do
  [ "$(grep -c 'attempt failed.*E1005' "$1/err")" -ge 5 ] && break
  kill -0 $job 2> /dev/null || break
  sleep 0.01
done
mount -o remount,size=64m "$1/disk"
wait $job
code=$?
mkdir -p "$1/copy"
cp "$1"/disk/* "$1/copy/" 2> /dev/null
cat "$1/err" >&2
exit $code
)sh")
                          .string();
  return run_process({"bash", "-c",
                      unshare + " bash '" + script + "' '" + dir.path().string() + "' '" +
                          flowctl_path() + "' '" + path + "'"});
}

TEST_CASE("a full disk under the output stops the job until there is room; no row is lost",
          "[pipeline][bad_input]") {
  const auto unshare = own_mounts();
  if (unshare.empty()) return;
  for (int i = 0; i < 3; ++i) {
    TempDir dir;
    const auto exit = run_on_full_disk(dir, unshare, "64k", job(dir, "disk/rows", "state"));
    INFO(exit.err.substr(0, 4'000));
    CHECK(exit.code == 0);
    CHECK_THAT(exit.err.substr(0, 4'000),
               Contains("E1005: 'o' cannot write '") && Contains("no space left on device") &&
                   Contains("free space; the job goes on from its last checkpoint"));
    expect_all(output_lines((dir / "copy").string(), "rows"));
  }
}

TEST_CASE("a full disk under the snapshots stops the job until there is room; no row is lost",
          "[pipeline][bad_input]") {
  const auto unshare = own_mounts();
  if (unshare.empty()) return;
  TempDir dir;
  const auto exit = run_on_full_disk(dir, unshare, "4k", job(dir, "out/rows", "disk/state"));
  INFO(exit.err.substr(0, 4'000));
  CHECK(exit.code == 0);
  CHECK_THAT(exit.err.substr(0, 4'000), Contains("E1005") && Contains("no space left on device"));
  expect_all(output_lines((dir / "out").string(), "rows"));
}

}  // namespace
}  // namespace flow::testing
