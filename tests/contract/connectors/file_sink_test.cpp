#include "file_sink_runs.hpp"

#include "flow/base/random.hpp"
#include "support/seed.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>

using namespace flow;
using namespace flow::testing;

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
