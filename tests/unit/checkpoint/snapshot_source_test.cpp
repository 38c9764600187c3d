#include "samples.hpp"

#include "flow/checkpoint/snapshot_reader.hpp"

#include <map>

namespace flow {
namespace {

using testing::SimulatedFileSystem;

constexpr std::uint32_t kGroups = 32;

/// One operator with a key per key group, written at some parallelism.
struct World {
  SimulatedFileSystem files{1};
  std::unique_ptr<FailurePoints> points = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store = make_directory_store(files, "state", "job", *points);
  Manifest manifest = samples::plain_manifest({1}, {1});

  explicit World(std::uint32_t parallelism) {
    REQUIRE(store->take_over());
    manifest.key_groups = kGroups;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      const KeyGroupRange owned = key_groups_of({i}, parallelism, kGroups);
      SnapshotBuffer buffer{"op"};
      for (std::uint32_t g = owned.first; g < owned.last; ++g) {
        REQUIRE(buffer.put_entry("s", {g}, "key" + std::to_string(g), "v"));
      }
      SnapshotWriter writer{*store, object_name({1}, {1}, "0-" + std::to_string(i))};
      for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
      REQUIRE(writer.add_blob("op", "large", "large" + std::to_string(i)));
      manifest.operators.push_back({"op",
                                    {i},
                                    parallelism,
                                    owned,
                                    {{**writer.finish(), owned}},
                                    {{"small", "small" + std::to_string(i)}}});
      manifest.operators.push_back(
          {"unkeyed", {i}, parallelism, {}, {}, {{"b", std::to_string(i)}}});
    }
  }

  std::unique_ptr<SnapshotSource> source(std::uint32_t index, std::uint32_t parallelism,
                                         const std::string& name = "op") {
    return make_snapshot_source(*store, manifest, name, {index}, parallelism);
  }
};

std::vector<std::uint32_t> groups_of(SnapshotSource& source, KeyGroupRange range) {
  std::vector<std::uint32_t> groups;
  CHECK(source.entries("s", range, [&](KeyGroup group, std::string_view key, std::string_view) {
    CHECK(key == "key" + std::to_string(group.value));
    groups.push_back(group.value);
    return Status{};
  }));
  return groups;
}

using Texts = std::vector<std::string>;

TEST_CASE("every key finds its new subtask at any parallelism", "[unit][snapshot]") {
  for (const std::uint32_t before : {1u, 2u, 3u, 7u}) {
    World world{before};
    for (const std::uint32_t after : {1u, 2u, 3u, 5u, 7u, kGroups}) {
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; i < after; ++i) {
        const auto source = world.source(i, after);
        for (const std::uint32_t group : groups_of(*source, key_groups_of({i}, after, kGroups))) {
          CHECK(group == next++);
        }
      }
      CHECK(next == kGroups);
    }
  }
}

TEST_CASE("at the same parallelism a subtask gets its own blobs", "[unit][snapshot]") {
  World world{3};
  CHECK(*world.source(1, 3)->blobs("small") == Texts{"small1"});
  CHECK(*world.source(1, 3)->blobs("large") == Texts{"large1"});
  CHECK(*world.source(2, 3, "unkeyed")->blobs("b") == Texts{"2"});
  CHECK(world.source(1, 3)->blobs("none")->empty());
  CHECK(world.source(1, 3, "new")->blobs("b")->empty());
}

TEST_CASE("after a rescale blobs go where their key groups go", "[unit][snapshot]") {
  World world{4};
  CHECK(*world.source(0, 2)->blobs("small") == Texts{"small0", "small1"});
  CHECK(*world.source(1, 2)->blobs("large") == Texts{"large2", "large3"});
  CHECK(*world.source(5, 8)->blobs("small") == Texts{"small2"});
  CHECK(*world.source(1, 3, "unkeyed")->blobs("b") == Texts{"1"});
  CHECK(*world.source(0, 3, "unkeyed")->blobs("b") == Texts{"0", "3"});
  CHECK(world.source(4, 5, "unkeyed")->blobs("b")->empty());
}

TEST_CASE("entries outside a reference are not part of the snapshot", "[unit][snapshot]") {
  World world{1};
  world.manifest.operators[0].objects[0].key_groups = {4, 6};
  CHECK(groups_of(*world.source(0, 1), {0, kGroups}) == std::vector<std::uint32_t>{4, 5});
  CHECK(groups_of(*world.source(0, 1), {6, kGroups}).empty());
}

TEST_CASE("a missing object has its own error", "[unit][snapshot]") {
  World world{1};
  CHECK(world.store->remove_object(world.manifest.operators[0].objects[0].object.name));
  const Status read =
      world.source(0, 1)->entries("s", {0, kGroups}, [](KeyGroup, auto, auto) { return Status{}; });
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == Errc::snapshot_missing);
  CHECK_THAT(read.error().remedy(), testing::ContainsSubstring("--fresh"));
}

TEST_CASE("an error of the visitor ends the visit", "[unit][snapshot]") {
  World world{2};
  int visited = 0;
  const Status read =
      world.source(0, 1)->entries("s", {0, kGroups}, [&](KeyGroup, auto, auto) -> Status {
        if (++visited == 3) return Error{Errc::cancelled, "enough"};
        return {};
      });
  CHECK(read.error().code() == Errc::cancelled);
  CHECK(visited == 3);
}

}  // namespace
}  // namespace flow
