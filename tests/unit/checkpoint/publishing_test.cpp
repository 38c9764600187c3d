#include "flow/checkpoint/publishing.hpp"

#include "samples.hpp"

namespace flow {
namespace {

using testing::FileOperation;
using testing::SimulatedFileSystem;

struct World {
  SimulatedFileSystem files{1};
  std::unique_ptr<FailurePoints> points = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store = make_directory_store(files, "state", "job", *points);

  // One whole checkpoint.
  Manifest checkpoint(Attempt attempt, Epoch epoch, SnapshotStore& in) {
    const auto manifest =
        samples::write_checkpoint(in, attempt, epoch, "v" + std::to_string(epoch.value));
    REQUIRE(manifest);
    REQUIRE(publish(in, *points, *manifest));
    return *manifest;
  }
  Manifest checkpoint(Attempt attempt, Epoch epoch) { return checkpoint(attempt, epoch, *store); }
};

template <class T>
Errc code_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code();
}

TEST_CASE("the first attempt starts without a snapshot", "[unit][publishing]") {
  World world;
  const auto taken = take_over(*world.store, *world.points);
  REQUIRE(taken);
  CHECK(taken->attempt == Attempt{1});
  CHECK_FALSE(taken->restore);
  CHECK(taken->next_epoch == Epoch{1});
}

TEST_CASE("an attempt goes on from the last manifest", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  const Manifest last = world.checkpoint({1}, {4});
  const auto taken = take_over(*world.store, *world.points);
  REQUIRE(taken);
  CHECK(taken->attempt == Attempt{2});
  CHECK(taken->restore == last);
  CHECK(taken->next_epoch == Epoch{5});
  CHECK(*samples::read_checkpoint(*world.store, last) == "v4");
}

TEST_CASE("epochs that only left objects are not used again", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  REQUIRE(samples::write_checkpoint(*world.store, {1}, {7}, "never published"));
  const auto taken = take_over(*world.store, *world.points);
  CHECK(taken->restore->epoch == Epoch{1});
  CHECK(taken->next_epoch == Epoch{8});
}

TEST_CASE("after a finished run, or on request, a run starts afresh", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  const auto fresh = take_over(*world.store, *world.points, kNoManifest);
  CHECK_FALSE(fresh->restore);
  CHECK(fresh->next_epoch == Epoch{2});
  Manifest last = samples::plain_manifest({2}, {2});
  last.finished = true;
  REQUIRE(publish(*world.store, *world.points, last));
  const auto after = take_over(*world.store, *world.points);
  CHECK_FALSE(after->restore);
  CHECK(after->next_epoch == Epoch{3});
}

TEST_CASE("a last manifest that cannot be read stops the run, unless it starts afresh",
          "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  world.files.damage("state/job/publish-0000000001/manifest-0000000001", 40, 0xee);
  CHECK(code_of(take_over(*world.store, *world.points)) == Errc::snapshot_corrupt);
  const auto fresh = take_over(*world.store, *world.points, kNoManifest);
  REQUIRE(fresh);
  CHECK(fresh->attempt == Attempt{3});
}

TEST_CASE("only what retained manifests name survives collection", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  std::vector<Manifest> manifests;
  for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) {
    manifests.push_back(world.checkpoint({1}, {epoch}));
  }
  REQUIRE(samples::write_checkpoint(*world.store, {1}, {6}, "being written"));
  const auto collected = collect_garbage(*world.store, *world.points, {1}, 2);
  REQUIRE(collected);
  CHECK(collected->manifests == 3);
  CHECK(collected->objects == 3);
  CHECK(*world.store->list_manifests({1}) == std::vector<Epoch>{{4}, {5}});
  CHECK(*world.store->list_objects() == std::vector<std::string>{object_name({1}, {4}, "0-0"),
                                                                 object_name({1}, {5}, "0-0"),
                                                                 object_name({1}, {6}, "0-0")});
  CHECK(*samples::read_checkpoint(*world.store, manifests[3]) == "v4");
  const auto again = collect_garbage(*world.store, *world.points, {1}, 2);
  CHECK(again->manifests + again->objects == 0);
}

TEST_CASE("an old object that a new manifest still names is kept", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  const Manifest first = world.checkpoint({1}, {1});
  Manifest second = samples::plain_manifest({1}, {2});
  second.operators = first.operators;  // nothing changed since
  REQUIRE(publish(*world.store, *world.points, second));
  REQUIRE(collect_garbage(*world.store, *world.points, {1}, 1));
  CHECK(*samples::read_checkpoint(*world.store, second) == "v1");
}

TEST_CASE("what dead attempts left is collected, also what was never published",
          "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  REQUIRE(samples::write_checkpoint(*world.store, {1}, {2}, "never published"));
  REQUIRE(take_over(*world.store, *world.points));
  REQUIRE(samples::write_checkpoint(*world.store, {2}, {3}, "failed"));
  world.checkpoint({2}, {4});
  REQUIRE(collect_garbage(*world.store, *world.points, {2}, 1));
  CHECK(*world.store->list_objects() == std::vector<std::string>{object_name({2}, {4}, "0-0")});
}

TEST_CASE("files that are not ours are left alone", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  CHECK(world.files.write_atomically("state/job/objects/NOTES.txt", "mine"));
  world.checkpoint({1}, {1});
  REQUIRE(collect_garbage(*world.store, *world.points, {1}, 1));
  CHECK(world.files.stat("state/job/objects/NOTES.txt"));
}

TEST_CASE("a zombie's collection never hurts its successor", "[unit][publishing]") {
  // The successor takes over and publishes before the n-th file operation of the zombie's
  // collection.
  for (int n = 1;; ++n) {
    World world;
    REQUIRE(take_over(*world.store, *world.points));
    for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) world.checkpoint({1}, {epoch});
    const auto successor = make_directory_store(world.files, "state", "job", *world.points);
    int operation = 0;
    std::optional<Manifest> restored;
    std::optional<Manifest> published;
    world.files.set_hook([&](FileOperation, const std::string&) -> Status {
      if (++operation != n) return {};
      const auto taken = take_over(*successor, *world.points);
      REQUIRE(taken);
      restored = taken->restore;
      CHECK(*samples::read_checkpoint(*successor, *restored) == "v3");
      published = world.checkpoint(taken->attempt, taken->next_epoch, *successor);
      return {};
    });
    const auto collected = collect_garbage(*world.store, *world.points, {1}, 1);
    world.files.set_hook(nullptr);
    if (operation < n) {
      CHECK(n > 8);
      break;
    }
    INFO(n);
    if (!collected) CHECK(collected.error().code() == Errc::fenced);
    CHECK(*samples::read_checkpoint(*successor, *restored) == "v3");
    CHECK(*samples::read_checkpoint(*successor, *published) == "v4");
    CHECK(take_over(*successor, *world.points)->restore == published);
  }
}

TEST_CASE("a failed publication leaves the last manifest in force", "[unit][publishing]") {
  for (const Errc failure : {Errc::disk_full, Errc::io_failed, Errc::permission_denied}) {
    for (std::uint64_t nth = 1;; ++nth) {
      World world;
      REQUIRE(take_over(*world.store, *world.points));
      world.checkpoint({1}, {1});
      const std::uint64_t before = world.files.operations();
      world.files.fail_on(nth, failure);
      const Status published =
          publish(*world.store, *world.points, samples::plain_manifest({1}, {2}));
      if (world.files.operations() - before < nth) break;
      INFO(nth);
      CHECK(code_of(published) == failure);
      // The next one works, and then nothing of the failed one is left.
      const Manifest next = world.checkpoint({1}, {3});
      REQUIRE(collect_garbage(*world.store, *world.points, {1}, 1));
      CHECK(*world.store->list_manifests({1}) == std::vector<Epoch>{{3}});
      for (const std::string& entry : world.files.tree()) {
        CHECK(entry.find(".tmp") == std::string::npos);
      }
      CHECK(*samples::read_checkpoint(*world.store, next) == "v3");
    }
  }
}

TEST_CASE("a publication that only seemed to fail is collected like any other",
          "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  const auto failing = parse_failure_points("checkpoint.after_manifest=error");
  const auto second = samples::write_checkpoint(*world.store, {1}, {2}, "v2");
  CHECK(code_of(publish(*world.store, **failing, *second)) == Errc::injected);
  // It is in force, and collection knows.
  REQUIRE(collect_garbage(*world.store, *world.points, {1}, 1));
  CHECK(*samples::read_checkpoint(*world.store, *second) == "v2");
  CHECK(take_over(*world.store, *world.points)->restore == *second);
}

TEST_CASE("a snapshot is opened by the path of a manifest or of a job", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  world.checkpoint({1}, {1});
  const Manifest second = world.checkpoint({1}, {2});
  const auto by_job = open_snapshot(world.files, "state/job", *world.points);
  REQUIRE(by_job);
  CHECK(by_job->manifest == second);
  CHECK(*samples::read_checkpoint(*by_job->store, by_job->manifest) == "v2");
  const auto by_manifest =
      open_snapshot(world.files, world.store->describe_manifest({1}, {1}), *world.points);
  REQUIRE(by_manifest);
  CHECK(by_manifest->manifest.epoch == Epoch{1});
  CHECK(world.files.rename("state/job", "moved"));
  CHECK(*samples::read_checkpoint(*open_snapshot(world.files, "moved", *world.points)->store,
                                  second) == "v2");
  CHECK(code_of(open_snapshot(world.files, "state", *world.points)) == Errc::not_found);
  CHECK(code_of(open_snapshot(world.files, "none", *world.points)) == Errc::not_found);
  CHECK(world.files.write_atomically("moved/other", "something else"));
  CHECK(code_of(open_snapshot(world.files, "moved/other", *world.points)) ==
        Errc::snapshot_foreign);
}

TEST_CASE("the path of a manifest stays right when attempts take over", "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  const Manifest first = world.checkpoint({1}, {1});
  world.checkpoint({1}, {2});
  const std::string path = world.store->describe_manifest({1}, {1});
  REQUIRE(take_over(*world.store, *world.points));
  REQUIRE(take_over(*world.store, *world.points));
  const auto opened = open_snapshot(world.files, path, *world.points);
  REQUIRE(opened);
  CHECK(opened->manifest == first);
  CHECK(*samples::read_checkpoint(*opened->store, first) == "v1");
  REQUIRE(collect_garbage(*world.store, *world.points, {3}, 1));
  CHECK(code_of(open_snapshot(world.files, path, *world.points)) == Errc::not_found);
}

TEST_CASE("verification finds missing, shortened, longer and damaged objects",
          "[unit][publishing]") {
  World world;
  REQUIRE(take_over(*world.store, *world.points));
  const Manifest manifest = world.checkpoint({1}, {1});
  CHECK(verify_objects(*world.store, manifest));
  const std::string path = "state/job/objects/" + manifest.operators[0].objects[0].object.name;
  const std::uint64_t size = world.files.stat(path)->bytes;
  world.files.resize(path, size + 1);
  CHECK(code_of(verify_objects(*world.store, manifest)) == Errc::snapshot_corrupt);
  world.files.resize(path, size);
  world.files.damage(path, size / 2, 0xaa);
  CHECK(code_of(verify_objects(*world.store, manifest)) == Errc::snapshot_corrupt);
  world.files.resize(path, size - 1);
  CHECK(code_of(verify_objects(*world.store, manifest)) == Errc::snapshot_truncated);
  CHECK(world.files.remove(path));
  CHECK(code_of(verify_objects(*world.store, manifest)) == Errc::snapshot_missing);
}

}  // namespace
}  // namespace flow
