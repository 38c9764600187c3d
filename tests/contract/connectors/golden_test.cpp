// What connectors put into snapshots and manifests, opaque to the engine, must not change
// unnoticed.
#include "support/golden.hpp"

#include "contract/source_contract.hpp"
#include "making.hpp"

#include "connectors/file/register.hpp"
#include "connectors/generator/register.hpp"
#include "support/simulated_file_system.hpp"

#include <algorithm>

using namespace flow;
using namespace flow::testing;

namespace {

ConnectorRegistry registry() { return registry_of(file::register_in, generator::register_in); }

/// Position behind the first batch of a split.
std::string first_position(const Source& source, FileSystem& files, const Split& split) {
  ConnectorWorld world{files};
  auto read = read_splits(source, world, {split});
  REQUIRE(read);
  REQUIRE_FALSE((*read)[split.index].marks.empty());
  return (*read)[split.index].marks[0].position;
}

}  // namespace

TEST_CASE("splits and positions of files are stored the same", "[contract][file][golden]") {
  SimulatedFileSystem files{1};
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  REQUIRE(files.write_atomically("a.ndjson", text));
  auto source =
      make_source(registry(), "file", schema("n:int64"), {{"path", "a.ndjson"}, {"range", "4KiB"}});
  REQUIRE(source);
  const auto splits = (*source)->enumerate(files, 2);
  REQUIRE(splits);
  REQUIRE(splits->size() > 1);
  expect_golden("connectors/file-split-v1.bin", (*splits)[1].description);
  expect_golden("connectors/file-position-v1.bin", first_position(**source, files, (*splits)[1]));
  // What was stored then is read now.
  auto stored = (*splits)[1];
  stored.description = golden("connectors/file-split-v1.bin");
  ConnectorWorld world{files};
  const auto rest =
      read_splits(**source, world, {stored}, {{1, golden("connectors/file-position-v1.bin")}});
  REQUIRE(rest);
}

TEST_CASE("what a file sink has prepared is stored the same", "[contract][file][golden]") {
  SimulatedFileSystem files{1};
  const auto rows = batch("n:int64", {{1}, {2}, {3}});
  auto sink =
      make_sink(registry(), "file", rows.schema(), {{"path", "out/x"}, {"format", "ndjson"}});
  REQUIRE(sink);
  REQUIRE((*sink)->check_outside(files, "job", true));
  ConnectorWorld world{files};
  auto writer = (*sink)->open(world.context(), rows.schema());
  REQUIRE(writer);
  REQUIRE((*writer)->write(rows));
  std::string committable;
  (*writer)->prepare({1}, [&](Result<std::string> bytes) { committable = *bytes; });
  world.io.run_all();
  expect_golden("connectors/file-prepared-v2.bin", committable);
  bool done = false;
  (*writer)->commit({{{1}, {0}, golden("connectors/file-prepared-v2.bin")}},
                    [&](const Status& status) { done = status.has_value(); });
  world.io.run_all();
  CHECK(done);
  CHECK(files.read_all("out/x-0-0.ndjson"));
}

TEST_CASE("splits and positions of generators are stored the same",
          "[contract][generator][golden]") {
  SimulatedFileSystem files{1};
  for (const std::string connector : {"sequence", "datagen"}) {
    auto source = make_source(registry(), connector, schema("n:int64"), {{"count", "100000"}});
    REQUIRE(source);
    const auto splits = (*source)->enumerate(files, 2);
    REQUIRE(splits);
    expect_golden("connectors/" + connector + "-split-v1.bin", splits->back().description);
    expect_golden("connectors/" + connector + "-position-v1.bin",
                  first_position(**source, files, splits->back()));
  }
}
