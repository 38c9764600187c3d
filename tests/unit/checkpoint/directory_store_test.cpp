#include "samples.hpp"

#include "support/temp_dir.hpp"

namespace flow {
namespace {

using testing::FileOperation;
using testing::SimulatedFileSystem;

struct World {
  SimulatedFileSystem files{1};
  std::unique_ptr<FailurePoints> points = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store = open();

  std::unique_ptr<SnapshotStore> open(const std::string& job = "job") {
    return make_directory_store(files, "state", job, *points);
  }
  std::string manifest(Attempt attempt, Epoch epoch) {
    return *encode_manifest(samples::plain_manifest(attempt, epoch));
  }
};

template <class T>
Errc code_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code();
}

TEST_CASE("attempts count up across processes", "[unit][snapshot_store]") {
  World world;
  CHECK_FALSE(*world.store->current_attempt());
  CHECK(*world.store->take_over() == Attempt{1});
  CHECK(*world.store->take_over() == Attempt{2});
  CHECK(*world.open()->take_over() == Attempt{3});
  CHECK(*world.store->current_attempt() == Attempt{3});
}

TEST_CASE("manifests are found by the attempt that owns the place", "[unit][snapshot_store]") {
  World world;
  REQUIRE(world.store->take_over());
  CHECK(world.store->publish_manifest({1}, {12}, "twelve"));
  CHECK(world.store->publish_manifest({1}, {9}, "nine"));
  CHECK(*world.store->list_manifests({1}) == std::vector<Epoch>{{9}, {12}});
  REQUIRE(world.store->take_over());
  CHECK(*world.store->list_manifests({2}) == std::vector<Epoch>{{9}, {12}});
  CHECK(*world.store->read_manifest({2}, {12}) == "twelve");
  CHECK(world.store->remove_manifests({2}, {{9}}));
  CHECK(*world.store->list_manifests({2}) == std::vector<Epoch>{{12}});
  CHECK(code_of(world.store->read_manifest({2}, {9})) == Errc::not_found);
}

TEST_CASE("an attempt that was taken over can do nothing any more", "[unit][snapshot_store]") {
  World world;
  REQUIRE(world.store->take_over());
  CHECK(world.store->publish_manifest({1}, {1}, "one"));
  REQUIRE(world.open()->take_over());
  const auto before = world.files.tree();
  const Status late = world.store->publish_manifest({1}, {2}, "two");
  CHECK(code_of(late) == Errc::fenced);
  CHECK_THAT(late.error().to_line(), testing::ContainsSubstring("attempt 2 has taken over"));
  CHECK(code_of(world.store->list_manifests({1})) == Errc::fenced);
  CHECK(code_of(world.store->read_manifest({1}, {1})) == Errc::fenced);
  CHECK(code_of(world.store->remove_manifests({1}, {{1}})) == Errc::fenced);
  CHECK(world.files.tree() == before);
}

TEST_CASE("a fence that falls at any moment of publishing decides it", "[unit][snapshot_store]") {
  // Another attempt takes over before the n-th file operation of a publication.
  for (int n = 1;; ++n) {
    World world;
    REQUIRE(world.store->take_over());
    REQUIRE(world.store->publish_manifest({1}, {1}, "one"));
    const auto other = world.open();
    int operation = 0;
    std::vector<Epoch> seen;
    world.files.set_hook([&](FileOperation, const std::string&) -> Status {
      if (++operation != n) return {};
      CHECK(*other->take_over() == Attempt{2});
      seen = *other->list_manifests({2});
      return {};
    });
    const Status published = world.store->publish_manifest({1}, {2}, "two");
    world.files.set_hook(nullptr);
    if (operation < n) {
      CHECK(published);
      CHECK(n > 5);
      break;
    }
    INFO(n);
    // What the successor saw is what there is for ever after; success means that it saw it.
    CHECK(*other->list_manifests({2}) == seen);
    if (published) CHECK(seen == std::vector<Epoch>{{1}, {2}});
    if (!published) CHECK(published.error().code() == Errc::fenced);
    CHECK(code_of(world.store->publish_manifest({1}, {3}, "three")) == Errc::fenced);
  }
}

TEST_CASE("of two that take over at once exactly one wins", "[unit][snapshot_store]") {
  for (const bool first_ever : {true, false}) {
    for (int n = 1;; ++n) {
      World world;
      if (!first_ever) REQUIRE(world.store->take_over());
      const auto other = world.open();
      int operation = 0;
      std::optional<Result<Attempt>> theirs;
      world.files.set_hook([&](FileOperation, const std::string&) -> Status {
        if (++operation == n) theirs = other->take_over();
        return {};
      });
      const auto mine = world.store->take_over();
      world.files.set_hook(nullptr);
      if (operation < n) break;
      INFO("first ever: " << first_ever << ", before operation " << n);
      REQUIRE(theirs);
      const bool we_won = mine.has_value();
      const bool they_won = theirs->has_value();
      CHECK((we_won || they_won));
      if (!we_won) CHECK(code_of(mine) == Errc::fenced);
      if (!they_won) CHECK(code_of(*theirs) == Errc::fenced);
      if (we_won && they_won) CHECK(*mine != **theirs);
      // Whoever has the highest number can publish, nobody else.
      const Attempt highest = **world.store->current_attempt();
      CHECK(world.store->publish_manifest(highest, {1}, "x"));
      if (we_won && *mine != highest) {
        CHECK(code_of(world.store->publish_manifest(*mine, {2}, "y")) == Errc::fenced);
      }
      if (they_won && **theirs != highest) {
        CHECK(code_of(other->publish_manifest(**theirs, {2}, "y")) == Errc::fenced);
      }
    }
  }
}

TEST_CASE("a late first attempt does not found a second place to publish",
          "[unit][snapshot_store]") {
  // Two others found the place and take it over while we are about to found it.
  for (int n = 1;; ++n) {
    World world;
    const auto other = world.open();
    int operation = 0;
    world.files.set_hook([&](FileOperation, const std::string&) -> Status {
      if (++operation == n) {
        CHECK(other->take_over());
        CHECK(other->take_over());
      }
      return {};
    });
    const auto mine = world.store->take_over();
    world.files.set_hook(nullptr);
    if (operation < n) break;
    INFO(n);
    std::size_t places = 0;
    for (const std::string& entry : world.files.tree()) {
      if (entry.find("/publish-") != std::string::npos && entry.ends_with('/')) ++places;
    }
    CHECK(places == 1);
    if (mine) CHECK(**world.store->current_attempt() == *mine);
    if (!mine) CHECK(mine.error().code() == Errc::fenced);
  }
}

TEST_CASE("a second process on the same job is told so", "[unit][snapshot_store]") {
  World world;
  const auto lock = world.store->lock();
  REQUIRE(lock);
  const auto second = world.open()->lock();
  CHECK(code_of(second) == Errc::locked);
  CHECK_THAT(second.error().remedy(), testing::ContainsSubstring("checkpoints.directory"));
  CHECK(world.open("other")->lock());
}

TEST_CASE("leftovers of dead attempts are swept when another takes over",
          "[unit][snapshot_store]") {
  World world;
  REQUIRE(world.store->take_over());
  CHECK(world.files.write_atomically("state/job/publish-0000000001/manifest-0000000007.tmp", "x"));
  CHECK(world.files.create_directories("state/job/staging-0000000000/x"));
  REQUIRE(world.store->take_over());
  for (const std::string& entry : world.files.tree()) {
    CHECK(entry.find(".tmp") == std::string::npos);
    CHECK(entry.find("staging") == std::string::npos);
  }
}

TEST_CASE("a place whose publish directory was deleted is not used silently",
          "[unit][snapshot_store]") {
  World world;
  REQUIRE(world.store->take_over());
  REQUIRE(world.store->take_over());
  CHECK(world.files.remove_all("state/job/publish-0000000002"));
  CHECK(code_of(world.store->publish_manifest({2}, {1}, "x")) == Errc::fenced);
  CHECK(code_of(world.store->take_over()) == Errc::fenced);
}

TEST_CASE("a directory of a later version or of somebody else is left alone",
          "[unit][snapshot_store]") {
  World world;
  REQUIRE(world.store->take_over());
  REQUIRE(world.store->take_over());
  CHECK(*world.files.read_all("state/job/format") == "flow snapshots 1\n");
  CHECK(world.files.write_atomically("state/job/format", "flow snapshots 2\n"));
  CHECK(code_of(world.store->take_over()) == Errc::snapshot_newer);
  CHECK(world.files.write_atomically("state/job/format", "ext4"));
  CHECK(code_of(world.store->take_over()) == Errc::snapshot_foreign);
  CHECK(**world.store->current_attempt() == Attempt{2});
}

TEST_CASE("jobs with any name have places of their own", "[unit][snapshot_store]") {
  World world;
  const std::vector<std::string> names{"..", "a b", "a/b", "plain", "ü%"};
  for (const std::string& name : names) CHECK(world.open(name)->take_over());
  CHECK(world.files.create_directories("state/unrelated"));
  CHECK(*list_jobs_with_snapshots(world.files, "state") == names);
}

TEST_CASE("the real file system keeps the fence", "[unit][snapshot_store]") {
  const testing::TempDir dir;
  const auto files = make_posix_file_system();
  const auto points = make_no_failure_points();
  const auto first = make_directory_store(*files, dir.path().string(), "job", *points);
  const auto second = make_directory_store(*files, dir.path().string(), "job", *points);
  const auto lock = first->lock();
  REQUIRE(lock);
  CHECK(code_of(second->lock()) == Errc::locked);
  CHECK(*first->take_over() == Attempt{1});
  const auto manifest = samples::write_checkpoint(*first, {1}, {1}, "v");
  REQUIRE(manifest);
  CHECK(publish(*first, *points, *manifest));
  const auto taken = take_over(*second, *points);
  REQUIRE(taken);
  CHECK(taken->attempt == Attempt{2});
  REQUIRE(taken->restore);
  CHECK(*taken->restore == *manifest);
  CHECK(*samples::read_checkpoint(*second, *manifest) == "v");
  CHECK(code_of(publish(*first, *points, samples::plain_manifest({1}, {2}))) == Errc::fenced);
}

}  // namespace
}  // namespace flow
