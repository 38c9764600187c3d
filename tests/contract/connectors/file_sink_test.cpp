#include "contract/sink_contract.hpp"
#include "making.hpp"

#include "connectors/file/register.hpp"
#include "flow/base/random.hpp"
#include "support/seed.hpp"
#include "support/simulated_file_system.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

using namespace flow;
using namespace flow::testing;

namespace {

const auto kTypes = "n:int64 s:string";

ConnectorRegistry registry() { return registry_of(file::register_in); }

/// `epochs` × `batches` batches of ten rows each, numbered through.
std::vector<std::vector<Batch>> numbered(std::size_t epochs, std::size_t batches,
                                         std::int64_t first = 0) {
  std::vector<std::vector<Batch>> all(epochs);
  for (auto& epoch : all) {
    for (std::size_t i = 0; i < batches; ++i) {
      std::vector<testing::Row> rows;
      for (int row = 0; row < 10; ++row, ++first)
        rows.push_back({first, "row " + std::to_string(first)});
      epoch.push_back(batch(kTypes, rows));
    }
  }
  return all;
}

/// Visible files of a directory.
std::vector<std::string> visible(FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  auto entries = files.list(directory);
  REQUIRE(entries);
  for (const auto& entry : *entries) {
    auto name = entry.path.substr(directory.size() + 1);
    if (name[0] != '.') names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> hidden_parts(FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  auto entries = files.list(directory);
  REQUIRE(entries);
  for (const auto& entry : *entries)
    if (entry.path.ends_with(".pending") || entry.path.ends_with(".temporary"))
      names.push_back(entry.path);
  return names;
}

/// The lines of all visible files, sorted.
std::vector<std::string> lines(FileSystem& files, const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& name : visible(files, directory)) {
    auto text = files.read_all(directory + "/" + name);
    INFO(name << ": " << (text ? "" : text.error().to_line()));
    REQUIRE(text);
    std::istringstream in{*text};
    for (std::string line; std::getline(in, line);) all.push_back(line);
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> expected_lines(std::int64_t first, std::int64_t last) {
  std::vector<std::string> all;
  for (auto n = first; n < last; ++n)
    all.push_back("{\"n\":" + std::to_string(n) + ",\"s\":\"row " + std::to_string(n) + "\"}");
  std::sort(all.begin(), all.end());
  return all;
}

std::shared_ptr<const Sink> sink_to(const std::string& path, const std::string& existing = "own",
                                    const std::string& roll = "128MiB") {
  const auto connectors = registry();
  auto sink = make_sink(
      connectors, "file", schema(kTypes),
      {{"path", path}, {"format", "ndjson"}, {"existing", existing}, {"roll_size", roll}});
  REQUIRE(sink);
  return *sink;
}

/// A whole run without failures.
Status run(const Sink& sink, FileSystem& files, const std::string& lineage,
           std::vector<std::vector<Batch>> batches, const std::string& job = "job",
           std::uint32_t writers = 1) {
  ConnectorWorld world{files};
  world.lineage = lineage;
  world.job = job;
  SinkRun run{schema(kTypes), std::move(batches), writers};
  auto status = run.attempt(sink, world, files, 1);
  if (!status) UNSCOPED_INFO(status.error().to_line());
  return status;
}

}  // namespace

TEST_CASE("rows are invisible before their commit and visible after it", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/delays");
  ConnectorWorld world{files};
  REQUIRE(sink->check_outside(files, "job", true));
  auto writer = sink->open(world.context(), schema(kTypes));
  REQUIRE(writer);
  REQUIRE((*writer)->write(numbered(1, 1)[0][0]));
  std::string committable;
  (*writer)->prepare({1}, [&](Result<std::string> bytes) { committable = *bytes; });
  REQUIRE((*writer)->write(numbered(1, 1, 10)[0][0]));
  world.io.run_all();
  CHECK(visible(files, "out").empty());
  CHECK(hidden_parts(files, "out") ==
        std::vector<std::string>{"out/.delays-0-0.ndjson.a1-1.pending"});
  bool done = false;
  (*writer)->commit({{{1}, {0}, committable}},
                    [&](const Status& status) { done = status.has_value(); });
  world.io.run_all();
  CHECK(done);
  CHECK(visible(files, "out") == std::vector<std::string>{"delays-0-0.ndjson"});
  CHECK(lines(files, "out") == expected_lines(0, 10));
  CHECK((*writer)->summary() == "out/delays-0-0.ndjson (" +
                                    format_bytes({files.stat("out/delays-0-0.ndjson")->bytes}) +
                                    ")");
  // Once more, as after a recovery: nothing changes.
  (*writer)->commit({{{1}, {0}, committable}}, [&](const Status& status) { CHECK(status); });
  world.io.run_all();
  CHECK(lines(files, "out") == expected_lines(0, 10));
}

TEST_CASE("an epoch without rows makes nothing visible", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/delays");
  ConnectorWorld world{files};
  auto writer = sink->open(world.context(), schema(kTypes));
  std::optional<std::string> committable;
  (*writer)->prepare({1}, [&](Result<std::string> bytes) { committable = *bytes; });
  world.io.run_all();
  (*writer)->commit({{{1}, {0}, committable.value()}},
                    [&](const Status& status) { CHECK(status); });
  world.io.run_all();
  CHECK(!files.list("out"));
}

TEST_CASE("names follow the path, with or without extension", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const auto write = [&](OptionList options) {
    auto sink = make_sink(connectors, "file", schema(kTypes), options);
    REQUIRE(sink);
    REQUIRE(run(**sink, files, "a1", numbered(1, 2), "job", 2));
  };
  write({{"path", "a/x.csv"}});
  CHECK(visible(files, "a") == std::vector<std::string>{"x-0-0.csv", "x-1-0.csv"});
  CHECK(files.read_all("a/x-0-0.csv")->starts_with("n,s\n0,row 0\n"));
  write({{"path", "b/x.jsonl"}});
  CHECK(visible(files, "b") == std::vector<std::string>{"x-0-0.jsonl", "x-1-0.jsonl"});
  write({{"path", "c/x.ndjson.gz"}});
  CHECK(visible(files, "c") == std::vector<std::string>{"x-0-0.ndjson.gz", "x-1-0.ndjson.gz"});
  write({{"path", "d/"}, {"format", "csv"}});
  CHECK(visible(files, "d") == std::vector<std::string>{"delays-0-0.csv", "delays-1-0.csv"});
  // What was compressed reads back.
  auto source = make_source(connectors, "file", schema(kTypes), {{"path", "c/*.ndjson.gz"}});
  auto listed = (*source)->enumerate(files, 1);
  REQUIRE(listed);
  CHECK(listed->size() == 2);
}

TEST_CASE("parts are closed at their size and at every checkpoint", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  std::vector<std::vector<Batch>> batches(2);
  for (auto& epoch : batches)
    for (int i = 0; i < 4; ++i)
      epoch.push_back(
          batch(kTypes, std::vector<testing::Row>(3000, testing::Row{1, std::string(100, 'x')})));
  REQUIRE(run(*sink_to("out/x", "own", "500KB"), files, "a1", batches));
  CHECK(visible(files, "out").size() == 4);
  CHECK(lines(files, "out").size() == 24'000);
}

TEST_CASE("a run replaces what a finished run of the same job wrote, at its first commit",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/x");
  REQUIRE(run(*sink, files, "a1", numbered(3, 2), "job", 2));
  CHECK(lines(files, "out") == expected_lines(0, 60));
  CHECK(visible(files, "out").size() == 6);
  REQUIRE(run(*sink_to("out/x"), files, "a2", numbered(1, 1, 100)));
  CHECK(lines(files, "out") == expected_lines(100, 110));
  CHECK(visible(files, "out") == std::vector<std::string>{"x-0-0.ndjson"});
  // A run without rows replaces it by nothing.
  REQUIRE(run(*sink_to("out/x"), files, "a3", {}));
  CHECK(visible(files, "out").empty());
}

TEST_CASE("file sinks claim directory and name, however they are spelled", "[contract][file]") {
  const auto connectors = registry();
  const auto claim = [&](OptionList options) {
    auto sink = make_sink(connectors, "file", schema(kTypes), options);
    REQUIRE(sink);
    return (*sink)->claim();
  };
  const auto plain = claim({{"path", "two/o"}, {"format", "ndjson"}});
  CHECK_THAT(plain, Catch::Contains("two/o'"));
  CHECK(claim({{"path", "./two//o"}, {"format", "ndjson"}}) == plain);
  CHECK(claim({{"path", "x/../two/./o.csv.gz"}}) == plain);
  CHECK(claim({{"path", (std::filesystem::current_path() / "two/o.ndjson").string()}}) == plain);
  CHECK(claim({{"path", "two/"}, {"format", "csv"}}) == claim({{"path", "two//delays.csv"}}));
  CHECK(claim({{"path", "two/o-0"}, {"format", "ndjson"}}) != plain);
  CHECK(claim({{"path", "two/o.x"}, {"format", "ndjson"}}) != plain);
  CHECK(claim({{"path", "o"}, {"format", "ndjson"}}) != plain);
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::create_directory_symlink(dir / "real", dir / "link");
  CHECK(claim({{"path", (dir / "link/new/o.csv").string()}}) ==
        claim({{"path", (dir / "real/new/o.csv").string()}}));
}

TEST_CASE("sinks whose names begin alike leave each other's files alone", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const std::vector<std::string> names{"o", "o-0", "o-0-0", "o-0-0.x", "o.x", "o-0-0.csv-0"};
  for (const auto* run_id : {"a1", "a2"}) {
    ConnectorWorld world{files};
    world.lineage = run_id;
    // All of them have something prepared when the first commits and cleans up.
    std::vector<std::shared_ptr<const Sink>> sinks;
    std::vector<std::unique_ptr<SinkWriter>> writers;
    std::vector<std::string> prepared(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      sinks.push_back(sink_to("out/" + names[i]));
      REQUIRE(sinks[i]->check_outside(files, "job", true));
      writers.push_back(*sinks[i]->open(world.context(), schema(kTypes)));
      const auto first = static_cast<std::int64_t>(i) * 10;
      REQUIRE(writers[i]->write(numbered(1, 1, first)[0][0]));
      writers[i]->prepare({1}, [&, i](Result<std::string> bytes) { prepared[i] = *bytes; });
      world.io.run_all();
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      writers[i]->commit({{{1}, {0}, prepared[i]}}, [](const Status& status) { CHECK(status); });
      world.io.run_all();
      REQUIRE(sinks[i]->finish(files, "job", run_id));
    }
    CHECK(visible(files, "out").size() == names.size());
    CHECK(lines(files, "out") == expected_lines(0, static_cast<std::int64_t>(names.size()) * 10));
  }
}

TEST_CASE("a run replaces what an earlier one wrote in another format", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const auto write = [&](const std::string& run_id, OptionList options) {
    auto sink = make_sink(connectors, "file", schema(kTypes), options);
    REQUIRE(sink);
    return run(**sink, files, run_id, numbered(1, 1));
  };
  using Names = std::vector<std::string>;
  REQUIRE(write("a1", {{"path", "out/x"}, {"format", "ndjson"}}));
  REQUIRE(write("a2", {{"path", "out/x"}, {"format", "csv"}}));
  CHECK(visible(files, "out") == Names{"x-0-0.csv"});
  REQUIRE(write("a3", {{"path", "out/x"}, {"format", "csv"}, {"compression", "gzip"}}));
  CHECK(visible(files, "out") == Names{"x-0-0.csv.gz"});
  REQUIRE(write("a4", {{"path", "out/x.jsonl.zst"}}));
  CHECK(visible(files, "out") == Names{"x-0-0.jsonl.zst"});
  REQUIRE(write("a5", {{"path", "out/x"}, {"format", "ndjson"}}));
  CHECK(visible(files, "out") == Names{"x-0-0.ndjson"});
  // What is not in the list of the last run is refused with what is known of it.
  REQUIRE(files.write_atomically("out/x-0-0.csv", "mine\n"));
  const auto refused = write("a6", {{"path", "out/x"}, {"format", "ndjson"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::output_exists);
  CHECK(refused.error().reason() == "the last run of this job did not write it");
  REQUIRE(write("a7", {{"path", "out/x"}, {"format", "ndjson"}, {"existing", "replace"}}));
  CHECK(visible(files, "out") == Names{"x-0-0.ndjson"});
}

TEST_CASE("content of others is refused, kept or replaced as the user says", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  REQUIRE(files.create_directories("out"));
  REQUIRE(files.write_atomically("out/x-0-0.ndjson", "mine\n"));
  REQUIRE(files.write_atomically("out/y-0-0.ndjson", "other\n"));
  auto refused = run(*sink_to("out/x"), files, "a1", numbered(1, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::output_exists);
  REQUIRE(run(*sink_to("out/x", "append"), files, "a1", numbered(1, 1)));
  CHECK(visible(files, "out") ==
        std::vector<std::string>{"x-0-0.ndjson", "x-0-1.ndjson", "y-0-0.ndjson"});
  // The next run of the job may replace its own file, but not the one it found.
  CHECK(run(*sink_to("out/x"), files, "a2", numbered(1, 1)).error().code() == Errc::output_exists);
  REQUIRE(run(*sink_to("out/x", "replace"), files, "a3", numbered(1, 1)));
  CHECK(visible(files, "out") == std::vector<std::string>{"x-0-0.ndjson", "y-0-0.ndjson"});
  CHECK(*files.read_all("out/y-0-0.ndjson") == "other\n");
  // Another job does not touch it.
  CHECK(run(*sink_to("out/x"), files, "b1", numbered(1, 1), "other").error().code() ==
        Errc::output_exists);
}

TEST_CASE("what an unfinished run wrote is not replaced silently", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/x");
  {
    ConnectorWorld world{files};
    auto writer = sink->open(world.context(), schema(kTypes));
    REQUIRE(sink->check_outside(files, "job", true));
    REQUIRE((*writer)->write(numbered(1, 1)[0][0]));
    std::string committable;
    (*writer)->prepare({1}, [&](Result<std::string> bytes) { committable = *bytes; });
    world.io.run_all();
    (*writer)->commit({{{1}, {0}, committable}}, [](const Status& status) { REQUIRE(status); });
    world.io.run_all();
  }
  CHECK(sink->check_outside(files, "job", true).error().code() == Errc::output_exists);
  CHECK(sink->check_outside(files, "job", false));
}

TEST_CASE("a directory that cannot be written to is found before the first row",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/x");
  files.set_hook([](FileOperation operation, const std::string&) -> Status {
    if (operation == FileOperation::create)
      return Error{Errc::permission_denied, "permission denied"};
    return {};
  });
  const auto status = sink->check_outside(files, "job", true);
  REQUIRE_FALSE(status);
  CHECK(status.error().code() == Errc::output_unwritable);
}

TEST_CASE("a full disk is an outside failure that names the file", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto sink = sink_to("out/x");
  ConnectorWorld world{files};
  REQUIRE(sink->check_outside(files, "job", true));
  auto writer = sink->open(world.context(), schema(kTypes));
  files.set_capacity(100);
  REQUIRE((*writer)->write(numbered(1, 1)[0][0]));
  std::optional<Error> failure;
  (*writer)->prepare({1}, [&](Result<std::string> bytes) {
    REQUIRE_FALSE(bytes);
    failure = bytes.error();
  });
  world.io.run_all();
  REQUIRE(failure);
  CHECK(failure->code() == Errc::disk_full);
  CHECK(failure->fault() == Fault::external);
  CHECK(failure->retry() == Retry::backoff);
  CHECK_THAT(failure->message(), ContainsSubstring("out/x-0-0.ndjson"));
  CHECK(world.wakes > 0);
  CHECK((*writer)->write(numbered(1, 1)[0][0]).error().code() == Errc::disk_full);
  CHECK(visible(files, "out").empty());
}

TEST_CASE("rows wait for the disk in a bounded outbox", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  auto sink = make_sink(connectors, "file", schema(kTypes),
                        {{"path", "out/x"}, {"format", "csv"}, {"outbox", "1MiB"}});
  REQUIRE((*sink)->check_outside(files, "job", true));
  ConnectorWorld world{files};
  auto writer = (*sink)->open(world.context(), schema(kTypes));
  const auto rows =
      batch(kTypes, std::vector<testing::Row>(1000, testing::Row{1, std::string(100, 'x')}));
  std::size_t taken = 0;
  while ((*writer)->write(rows)->accepted) ++taken;
  CHECK((taken >= 9 && taken <= 11));
  CHECK(world.wakes == 0);
  world.io.run_all();
  CHECK(world.wakes > 0);
  CHECK((*writer)->write(rows)->accepted);
}

TEST_CASE("changes cannot be written to a file", "[contract][file]") {
  const auto sink = sink_to("out/x");
  CHECK(sink->accept(*schema(kTypes), false));
  CHECK(sink->accept(*schema(kTypes), true).error().code() == Errc::unsupported_rows);
}

TEST_CASE("whenever the power fails, each row becomes visible exactly once", "[contract][file]") {
  // First without failure, to see how many file operations there are.
  std::uint64_t operations = 0;
  {
    SimulatedFileSystem files{test_seed()};
    const auto before = files.operations();
    REQUIRE(run(*sink_to("out/x", "own", "1KiB"), files, "a1", numbered(4, 3), "job", 2));
    operations = files.operations() - before;
  }
  REQUIRE(operations > 50);
  for (const bool replacing : {false, true}) {
    for (std::uint64_t stop = 0; stop <= operations + (replacing ? 10 : 0); ++stop) {
      INFO("power fails after " << stop << " operations, replacing " << replacing);
      SimulatedFileSystem files{test_seed() + stop};
      if (replacing) REQUIRE(run(*sink_to("out/x"), files, "a0", numbered(2, 2, 1000), "job", 2));
      SinkRun script{schema(kTypes), numbered(4, 3), 2};
      Status status = Error{Errc::internal, "not run"};
      Random random{test_seed() + stop};
      for (std::uint32_t attempt = 1; attempt < 50 && !status; ++attempt) {
        // Another sink object for each attempt, as each is another process.
        const auto sink = sink_to("out/x", "own", "1KiB");
        ConnectorWorld world{files, random.next()};
        if (attempt == 1) files.power_off_after(stop);
        if (attempt > 1 && random.chance(0.3)) files.power_off_after(random.below(operations));
        status = script.attempt(*sink, world, files, attempt);
        if (!status) files.crash();
      }
      INFO((status ? "" : status.error().to_line()));
      REQUIRE(status);
      // What was committed survives the loss of everything that is not durable.
      files.crash();
      REQUIRE(lines(files, "out") == expected_lines(0, 120));
      REQUIRE(hidden_parts(files, "out").empty());
    }
  }
}

namespace {

/// Everything hidden but the marker and the lock of those who claim: parts and locks of runs.
/// A run that has written hidden parts and goes no further.
struct RunUnderWay {
  RunUnderWay(FileSystem& files, const std::string& path, const std::string& lineage,
              bool resumable)
      : world{files}, sink{sink_to(path)} {
    world.lineage = lineage;
    world.resumable = resumable;
    REQUIRE(sink->check_outside(files, "job", true));
    writer = *sink->open(world.context(), schema(kTypes));
    writer->recover({}, [](const Status& status) { REQUIRE(status); });
    world.io.run_all();
    REQUIRE(writer->write(numbered(1, 1)[0][0]));
    writer->prepare({1}, [this](const Result<std::string>& bytes) { prepared = bytes.value(); });
    world.io.run_all();
  }
  std::string prepared;
  ConnectorWorld world;
  std::shared_ptr<const Sink> sink;
  std::unique_ptr<SinkWriter> writer;
};

}  // namespace

TEST_CASE("hidden parts of a dead run that cannot be resumed are removed, those of others not",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const std::string dead = "out/.x-0-0.ndjson.a1-1.temporary";
  const std::string resumable = "out/.x-0-0.ndjson.b1-1.pending";
  const std::string other = "out/.x.a1-0-0.ndjson.c1-1.temporary";
  const RunUnderWay third{files, "out/x.a1", "c1", false};
  {
    const RunUnderWay first{files, "out/x", "a1", false};
    files.kill_processes();
  }
  // A start that only looks, as one that is refused, removes nothing.
  REQUIRE(sink_to("out/x")->check_outside(files, "job", true));
  CHECK(hidden_parts(files, "out") == std::vector<std::string>{dead, other});
  {
    const RunUnderWay second{files, "out/x", "b1", true};
    CHECK(hidden_parts(files, "out") == std::vector<std::string>{resumable, other});
    files.kill_processes();
  }
  const RunUnderWay next{files, "out/x", "d1", false};
  CHECK(hidden_parts(files, "out") ==
        std::vector<std::string>{resumable, "out/.x-0-0.ndjson.d1-1.temporary", other});
}

TEST_CASE("nobody writes to an output while a run of another process is alive",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto existing = GENERATE(as<std::string>{}, "own", "append", "replace");
  const RunUnderWay first{files, "out/x", "a1", true};
  const auto second = sink_to("out/x.csv", existing);
  const auto refused = second->check_outside(files, "other", true);
  REQUIRE(!refused);
  CHECK(refused.error().code() == Errc::locked);
  CHECK(sink_to("out/y", existing)->check_outside(files, "other", true));
  first.sink->leave_outside();
  CHECK(second->check_outside(files, "other", true));
}

TEST_CASE("whenever a run without checkpoints is killed, the next one leaves nothing behind",
          "[contract][file]") {
  const auto run_once = [](SimulatedFileSystem& files, const std::string& lineage) {
    const auto sink = sink_to("out/x", "replace", "1KiB");
    ConnectorWorld world{files, test_seed()};
    world.lineage = lineage;
    world.resumable = false;
    return SinkRun{schema(kTypes), numbered(1, 6), 2}.attempt(*sink, world, files, 1);
  };
  std::uint64_t operations = 0;
  {
    SimulatedFileSystem files{test_seed()};
    REQUIRE(run_once(files, "a1"));
    operations = files.operations();
    CHECK(hidden_parts(files, "out").empty());
  }
  for (std::uint64_t stop = 0; stop < operations; ++stop) {
    INFO("killed after " << stop << " operations");
    SimulatedFileSystem files{test_seed()};
    files.power_off_after(stop);
    CHECK((!run_once(files, "a1") || stop > 0));
    files.kill_processes();
    REQUIRE(run_once(files, "a2"));
    REQUIRE(lines(files, "out") == expected_lines(0, 60));
    REQUIRE(hidden_parts(files, "out").empty());
  }
}

namespace {

/// A run with a checkpoint after each epoch, of which the committables of every one are kept.
class KeptRun {
 public:
  KeptRun(FileSystem& files, const std::string& existing) : world_{files} {
    sink_ = sink_to("out/x", existing);
    const auto rows = numbered(3, 1);
    REQUIRE(sink_->check_outside(files, "job", true));
    auto writer = *sink_->open(world_.context(0, 1), schema(kTypes));
    const auto finish = [&](const auto& call) {
      std::optional<Status> outcome;
      call([&](Status status) { outcome = std::move(status); });
      world_.io.run_all();
      REQUIRE(outcome.value());
    };
    finish([&](auto done) { writer->recover({}, done); });
    for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
      REQUIRE(writer->write(rows[epoch - 1][0]));
      std::string prepared;
      writer->prepare({epoch}, [&](const Result<std::string>& bytes) { prepared = *bytes; });
      world_.io.run_all();
      committables.push_back({{epoch}, {0}, prepared});
      finish([&](auto done) { writer->commit({committables.back()}, done); });
    }
    sink_->leave_outside();
  }

  /// The outcome of going on from the checkpoint of an epoch.
  Status go_on_from(FileSystem& files, std::size_t epoch, const std::string& existing) {
    const auto sink = sink_to("out/x", existing);
    FLOW_TRY(sink->check_outside(files, "job", false));
    auto writer = *sink->open(world_.context(0, 2), schema(kTypes));
    std::optional<Status> outcome;
    writer->recover({committables[epoch - 1]}, [&](Status status) { outcome = std::move(status); });
    world_.io.run_all();
    sink->leave_outside();
    return outcome.value();
  }

  std::vector<Committable> committables;

 private:
  ConnectorWorld world_;
  std::shared_ptr<const Sink> sink_;
};

}  // namespace

TEST_CASE("going on from an older snapshot writes no row a second time", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto existing = GENERATE(as<std::string>{}, "own", "append", "replace");
  KeptRun run{files, existing};
  REQUIRE(visible(files, "out").size() == 3);
  CHECK(run.go_on_from(files, 3, existing));
  const auto older = run.go_on_from(files, 1, existing);
  if (existing == "replace") {
    REQUIRE(older);
    CHECK(visible(files, "out") == std::vector<std::string>{"x-0-0.ndjson"});
  } else {
    REQUIRE(!older);
    CHECK(older.error().code() == Errc::output_exists);
    CHECK(visible(files, "out").size() == 3);
    REQUIRE(files.remove("out/x-0-1.ndjson"));
    REQUIRE(files.remove("out/x-0-2.ndjson"));
    CHECK(run.go_on_from(files, 1, existing));
  }
}

TEST_CASE("a run whose committed output is gone or another's does not go on", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  KeptRun run_before{files, "own"};
  const bool replaced = GENERATE(false, true);
  for (const auto& name : visible(files, "out")) REQUIRE(files.remove("out/" + name));
  // Files that a reader took away are no loss.
  CHECK(run_before.go_on_from(files, 3, "own"));
  REQUIRE(files.remove("out/.x.flow.json"));
  if (replaced) REQUIRE(run(*sink_to("out/x"), files, "b1", numbered(1, 2), "job"));
  const auto there = visible(files, "out");
  for (std::size_t epoch = 1; epoch <= 3; ++epoch)
    for (const auto* existing : {"own", "replace"}) {
      INFO("epoch " << epoch << ", " << existing);
      const auto refused = run_before.go_on_from(files, epoch, existing);
      REQUIRE(!refused);
      CHECK(refused.error().code() == Errc::output_lost);
      CHECK(visible(files, "out") == there);
    }
  CHECK(run_before.go_on_from(files, 3, "append"));
}

TEST_CASE("a file that appeared under the name of a part is not overwritten", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  RunUnderWay started{files, "out/x", "a1", true};
  REQUIRE(files.write_atomically("out/x-0-0.ndjson", "mine\n"));
  std::optional<Status> outcome;
  started.writer->commit({{{1}, {0}, started.prepared}},
                         [&](Status status) { outcome = std::move(status); });
  started.world.io.run_all();
  REQUIRE(!outcome.value());
  CHECK(outcome->error().code() == Errc::output_exists);
  CHECK(files.read_all("out/x-0-0.ndjson").value() == "mine\n");
}
