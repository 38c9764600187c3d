// Runs of a file sink that others follow: dead ones, live ones, and those whose output is gone.
#include "file_sink_runs.hpp"

#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

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
