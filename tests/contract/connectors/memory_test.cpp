#include "contract/sink_contract.hpp"
#include "contract/source_contract.hpp"

#include "connectors/memory/collection.hpp"
#include "support/seed.hpp"
#include "support/simulated_file_system.hpp"

using namespace flow;
using namespace flow::testing;

TEST_CASE("a collection keeps the source contract", "[contract][memory]") {
  SimulatedFileSystem files{test_seed()};
  const memory::CollectionSource source{
      schema("a:int64 b:string"),
      {batch("a:int64 b:string", {{1, "x"}, {2, "y"}}), batch("a:int64 b:string", {}),
       select(batch("a:int64 b:string", {{3, "z"}, {4, nullptr}}), {1})}};
  check_source_contract(source, files, test_seed());
  const auto projected = source.project({1});
  REQUIRE(projected);
  ConnectorWorld world{files};
  auto splits = projected->enumerate(files, 1);
  auto read = read_splits(*projected, world, *splits);
  REQUIRE(read);
  CHECK((*read)[0].rows == row_texts(batch("b:string", {{"x"}, {"y"}})));
}

TEST_CASE("collected rows appear when they are committed, once", "[contract][memory]") {
  SimulatedFileSystem files{test_seed()};
  const auto collection = std::make_shared<memory::Collection>();
  const memory::CollectionSink sink{collection};
  const auto types = schema("a:int64");
  ConnectorWorld world{files};
  auto writer = sink.open(world.context(), types);
  REQUIRE((*writer)->write(batch(types, {{1}, {2}})));
  std::string first;
  (*writer)->prepare({1}, [&](Result<std::string> bytes) { first = *bytes; });
  CHECK(collection->rows() == 0);
  REQUIRE((*writer)->write(batch(types, {{3}})));
  std::string second;
  (*writer)->prepare({2}, [&](Result<std::string> bytes) { second = *bytes; });
  REQUIRE_FALSE(second.empty());
  // The manifest of the first checkpoint is the last one: the second never happened.
  auto successor = sink.open(world.context(0, 2), types);
  (*successor)->recover({{{1}, {0}, first}}, [](const Status& status) { CHECK(status); });
  expect_rows(collection->batches(), {{1}, {2}});
  (*successor)->commit({{{1}, {0}, first}}, [](const Status& status) { CHECK(status); });
  (*successor)->commit({{{2}, {0}, second}}, [](const Status& status) { CHECK(status); });
  expect_rows(collection->batches(), {{1}, {2}});
}
