#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

namespace flow::testing {
namespace {

using Catch::Contains;

std::string topology(const std::string& body) {
  return "sources:\n  numbers: {connector: sequence, count: 1000, schema: {n: int64}}\n" + body;
}

TEST_CASE("the command line explains itself", "[pipeline][command]") {
  const auto help = flowctl({"--help"});
  CHECK(help.code == 0);
  for (const auto* command :
       {"run", "check", "plan", "schema", "connectors", "functions", "generate", "explain"}) {
    CHECK_THAT(help.out, Contains(command));
    const auto its_help = flowctl({command, "--help"});
    CHECK(its_help.code == 0);
    CHECK_THAT(its_help.out, Contains("Example"));
  }
  const auto mistyped = flowctl({"rnu", "x.yaml"});
  CHECK(mistyped.code == 2);
  CHECK_THAT(mistyped.err,
             Contains("there is no command 'rnu'") && Contains("did you mean 'run'?"));
}

TEST_CASE("a command line that is not taken is an error with a code", "[pipeline][command]") {
  const auto refused = [](std::vector<std::string> arguments, const std::string& said) {
    const auto exit = flowctl(std::move(arguments));
    CHECK(exit.code == 2);
    CHECK(exit.out.empty());
    CHECK_THAT(exit.err, Contains("error E1007: ") && Contains(said) && Contains("--help` says"));
  };
  refused({}, "flowctl: A subcommand is required");
  refused({"run"}, "flowctl run: FILE is required");
  refused({"run", "x.yaml", "--frehs"}, "did you mean '--fresh'?");
  refused({"schema", "infer", "x.csv", "--rows=3"}, "flowctl schema infer: ");
  refused({"run", "x.yaml", "--parallelism", "many"}, "--parallelism");
  refused({"plan", "x.yaml", "--format", "png"}, "--format");
}

TEST_CASE("a run goes on from a snapshot or begins afresh, not both", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml", topology("sinks:\n  out: {from: numbers, connector: print}\n")).string();
  const auto exit = flowctl({"run", path, "--from", "state/1", "--fresh"});
  CHECK(exit.code == 2);
  CHECK(exit.out.empty());
  CHECK_THAT(exit.err, Contains("E1007: --from and --fresh contradict each other") &&
                           Contains("--from goes on from") && Contains("--fresh begins without"));
}

TEST_CASE("check finds every mistake and exits with 2", "[pipeline][command]") {
  TempDir dir;
  const auto path = dir.write("x.yaml", topology("steps:\n  half: {from: numbres, filter: m > 1}\n "
                                                 " odd: {from: numbers, filter: m % 2 = 1}\n"
                                                 "sinks:\n  out: {from: odd, connector: prnt}\n"))
                        .string();
  const auto exit = flowctl({"check", path});
  CHECK(exit.code == 2);
  CHECK_THAT(exit.err, Contains("error E1207: no node 'numbres'") &&
                           Contains("did you mean 'numbers'?") &&
                           Contains("error E1104: no column 'm'") &&
                           Contains("error E1210: no connector 'prnt'") && Contains("3 errors"));
  const auto json = flowctl({"check", path, "--json"});
  CHECK(json.code == 2);
  CHECK(nlohmann::json::parse(json.err.substr(0, json.err.find('\n')))["error"]["where"]["line"] ==
        4);
}

TEST_CASE("check looks behind a source with a wrong option", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml",
                "sources:\n  numbers: {connector: sequence, count: many, schema: {n: int64}}\n"
                "steps:\n  half: {from: numbers, filter: m > 1}\n  a: {from: b, filter: n > 1}\n"
                "  b: {from: a, filter: n > 1}\n  c: {from: c, filter: n > 1}\n"
                "sinks:\n  out: {from: half, connector: file, pth: x}\n")
          .string();
  const auto exit = flowctl({"check", path});
  CHECK(exit.code == 2);
  CHECK_THAT(exit.err, Contains("'count'") && Contains("no column 'm'") && Contains("a → b → a") &&
                           Contains("c → c") && Contains("did you mean 'path'?") &&
                           Contains("unknown option 'pth'") && Contains("5 errors"));
}

TEST_CASE("data goes to stdout and progress to stderr", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml", topology("sinks:\n  out: {from: numbers, connector: print}\n")).string();
  const auto exit = flowctl({"run", path, "--parallelism", "1"});
  CHECK(exit.code == 0);
  CHECK(std::count(exit.out.begin(), exit.out.end(), '\n') == 1000);
  CHECK_THAT(exit.out, Catch::StartsWith("{\"n\":0}\n{\"n\":1}\n"));
  const auto last = exit.err.rfind('\n', exit.err.size() - 2) + 1;
  const auto final_object = nlohmann::json::parse(exit.err.substr(last));
  CHECK(final_object["event"] == "final");
  CHECK(final_object["state"] == "finished");
  CHECK(final_object["rows_in"] == 1000);
  CHECK(final_object["rows_out"] == 1000);
}

TEST_CASE("a closed pipe ends the job without noise", "[pipeline][command]") {
  TempDir dir;
  const auto path = dir.write("x.yaml",
                              "sources:\n  n: {connector: sequence, schema: {n: int64}}\nsinks:\n  "
                              "out: {from: n, connector: print}\n")
                        .string();
  const auto exit = run_process(
      {"bash", "-c",
       "set -o pipefail; '" + flowctl_path() + "' run '" + path + "' --parallelism 1 | head -3"});
  CHECK(exit.code == 0);
  CHECK(exit.out == "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
  CHECK_THAT(exit.err, !Contains("error"));
}

TEST_CASE("an interrupt stops the job, commits and exits with 1; the next run goes on",
          "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml", "checkpoints: {directory: " + (dir / "state").string() +
                              ", interval: 100ms}\nsources:\n  n: {connector: sequence, count: "
                              "9000, rate: 3000, schema: {n: int64}}\n"
                              "sinks:\n  out: {from: n, connector: file, path: " +
                              (dir / "out/n").string() + ", format: ndjson}\n")
          .string();
  Process process{{flowctl_path(), "run", path, "--json"}};
  for (int tries = 0; output_lines((dir / "out").string()).empty() && tries < 3'000; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  process.signal(SIGINT);
  const auto exit = process.wait_for(std::chrono::seconds{60});
  REQUIRE(exit);
  CHECK(exit->code == 1);
  const auto before = output_lines((dir / "out").string());
  CHECK(before.size() < 9000);
  const auto again = flowctl({"run", path, "--json"});
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Contains("resumed_from"));
  auto rows = output_lines((dir / "out").string());
  CHECK(rows.size() == 9000);
  CHECK(std::unique(rows.begin(), rows.end()) == rows.end());
}

TEST_CASE("a second signal ends a job whose output nobody reads", "[pipeline][command]") {
  TempDir dir;
  const auto path = dir.write("x.yaml",
                              "sources:\n  n: {connector: sequence, schema: {n: int64}}\nsinks:\n  "
                              "out: {from: n, connector: print}\n")
                        .string();
  const auto fifo = (dir / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto second = GENERATE(SIGINT, SIGTERM);
  // `<>` opens the fifo for both: there is a reader, and it never reads.
  Process process{
      {"bash", "-c", "exec '" + flowctl_path() + "' run '" + path + "' 1<>'" + fifo + "'"}};
  // It prints, and soon nothing more fits.
  const int look = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(look >= 0);
  int waiting = 0;
  for (int tries = 0; waiting == 0 && tries < 3000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    REQUIRE(::ioctl(look, FIONREAD, &waiting) == 0);
  }
  REQUIRE(waiting > 0);
  process.signal(SIGINT);
  CHECK_FALSE(process.wait_for(std::chrono::milliseconds{500}));
  process.signal(second);
  const auto exit = process.wait_for(std::chrono::seconds{60});
  ::close(look);
  REQUIRE(exit);
  CHECK(exit->code == 1);
  CHECK_THAT(exit->err, Contains("stopping: draining and committing; again to end at once"));
}

TEST_CASE("a standard output that cannot be written ends a command with 3", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml", topology("sinks:\n  out: {from: numbers, connector: print}\n")).string();
  const auto shell = [&](const std::string& rest) {
    return run_process({"bash", "-c", "'" + flowctl_path() + "' " + rest});
  };
  for (const auto* output : {"> /dev/full", ">&-"}) {
    for (const auto& command :
         {"run '" + path + "' ", std::string{"generate sequence --count 10 --schema 'a: int64' "},
          std::string{"functions "}, std::string{"--help "}}) {
      INFO(command << output);
      const auto exit = shell(command + output);
      CHECK(exit.code == 3);
      CHECK_THAT(exit.err, Contains("output cannot be written"));
    }
  }
}

TEST_CASE("a changed job does not go on from the snapshot of another", "[pipeline][command]") {
  TempDir dir;
  const auto job = [&](const std::string& filter) {
    return dir
        .write("x.yaml", "checkpoints: {directory: " + (dir / "state").string() +
                             ", interval: 50ms}\nsources:\n  n: {connector: sequence, rate: 1000, "
                             "schema: {n: int64}}\nsteps:\n  s: {from: n, filter: " +
                             filter + "}\nsinks:\n  out: {from: s, connector: blackhole}\n")
        .string();
  };
  CHECK(flowctl({"run", job("n > 1"), "--duration", "300ms"}).code == 1);
  const auto changed = flowctl({"run", job("n > 2"), "--duration", "300ms"});
  CHECK(changed.code == 2);
  CHECK_THAT(changed.err, Contains("E1221") && Contains("--fresh") &&
                              Contains("`filter` of 's' was n > 1 and is n > 2"));
  CHECK(flowctl({"run", job("n > 2"), "--duration", "300ms", "--fresh"}).code == 1);
  CHECK(flowctl({"run", job("n > 2"), "--duration", "300ms"}).code == 1);
}

TEST_CASE("a second process on the same state directory is refused", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml", "checkpoints: {directory: " + (dir / "state").string() +
                              "}\nsources:\n  n: {connector: sequence, rate: 100, schema: {n: "
                              "int64}}\nsinks:\n  out: {from: n, connector: blackhole}\n")
          .string();
  Process first{{flowctl_path(), "run", path}};
  for (int tries = 0; !std::filesystem::exists(dir / "state") && tries < 3'000; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  const auto second = flowctl({"run", path});
  CHECK(second.code == 2);
  CHECK_THAT(second.err, Contains("E1006"));
}

TEST_CASE("a duration ends a job that has no end", "[pipeline][command]") {
  TempDir dir;
  const auto path = dir.write("x.yaml",
                              "sources:\n  n: {connector: sequence, rate: 1000, schema: {n: "
                              "int64}}\nsinks:\n  out: {from: n, connector: blackhole}\n")
                        .string();
  CHECK(flowctl({"run", path, "--duration", "200ms"}).code == 1);
  CHECK(flowctl({"run", path, "--duration", "soon"}).code == 2);
}

TEST_CASE("catalogues can be looked up", "[pipeline][command]") {
  CHECK_THAT(flowctl({"connectors"}).out,
             Contains("file") && Contains("sequence") && Contains("blackhole"));
  CHECK_THAT(flowctl({"connectors", "file"}).out, Contains("path") && Contains("exactly once"));
  CHECK(flowctl({"connectors", "flie"}).code == 2);
  const auto functions = flowctl({"functions"}).out;
  CHECK_THAT(functions, Contains("split_part") && Contains("date_trunc") && Contains("\navg  "));
  CHECK_THAT(functions, Contains("\ntimestamp + interval  Moves"));
  for (const auto* aggregate : {"count", "sum", "min", "max", "avg"})
    CHECK_THAT(flowctl({"functions", aggregate}).out, Contains("example: aggregate: {"));
  CHECK_THAT(flowctl({"explain", "E1104"}).out, Contains("unknown_column"));
  CHECK_THAT(flowctl({"explain", "E1104"}).out, Contains("exit code 2"));
  CHECK_THAT(flowctl({"explain", "E3031"}).out,
             Contains("file sink") && Contains("Standard output"));
  CHECK_THAT(flowctl({"explain", "E1221"}).out, Contains("existing: replace"));
  CHECK(flowctl({"explain", "E9999"}).code == 2);
  CHECK(nlohmann::json::parse(flowctl({"schema"}).out).contains("$defs"));
  CHECK_THAT(flowctl({"schema", "infer", "configs/data/readings-with-mistakes.csv"}).out,
             Contains("format: csv") && Contains("sensor: string"));
}

TEST_CASE("a plan can be read by people and programs", "[pipeline][command]") {
  const std::string path = "configs/topologies/airport_delays.yaml";
  CHECK_THAT(flowctl({"plan", path}).out, Contains("per_airport"));
  CHECK(nlohmann::json::parse(flowctl({"plan", path, "--format", "json"}).out)["job"] ==
        "airport_delays");
  CHECK_THAT(flowctl({"plan", path, "--format", "dot"}).out, Contains("digraph"));
}

TEST_CASE("with --json everything on stderr is an object, the log too", "[pipeline][command]") {
  TempDir dir;
  const auto path =
      dir.write("x.yaml",
                "sources:\n  a: {connector: sequence, count: 10, schema: {n: int64}}\nsinks:\n  o: "
                "{from: a, connector: blackhole}\n")
          .string();
  const auto exit = flowctl({"run", path, "--json"}, {{"FLOW_LOG", "debug"}});
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  std::istringstream in{exit.err};
  std::size_t logged = 0;
  for (std::string line; std::getline(in, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    REQUIRE(object.is_object());
    if (object["event"] != "log") continue;
    ++logged;
    CHECK(object["level"] == "debug");
    CHECK_THAT(object["time"].get<std::string>(), Contains("Z"));
    CHECK_FALSE(object["message"].get<std::string>().empty());
  }
  CHECK(logged > 0);
}

}  // namespace
}  // namespace flow::testing
