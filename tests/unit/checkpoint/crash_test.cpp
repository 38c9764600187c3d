// The machine or the process dies before every single file operation of take-over, publishing and
// collection, and again during recovery: what is found afterwards is always one of the legal
// states.

#include "samples.hpp"

#include "support/seed.hpp"

#include <algorithm>
#include <set>

namespace flow {
namespace {

using testing::SimulatedFileSystem;

/// What an outside observer knows.
struct Truth {
  Epoch acknowledged;  ///< Highest epoch whose publication returned ok.
  Epoch tried;         ///< Highest epoch whose publication began.
  Attempt attempt;     ///< Highest attempt that was given out.
};

std::string value_of(Epoch epoch) { return "v" + std::to_string(epoch.value); }

/// One life of a job: take over, look at what is there, publish `checkpoints` times. Returns early
/// when the files fail; checks what it sees against the truth.
void live(SimulatedFileSystem& files, FailurePoints& points, Truth& truth, int checkpoints,
          std::uint32_t retained) {
  const auto store = make_directory_store(files, "state", "job", points);
  const auto taken = take_over(*store, points);
  if (!taken) {
    CHECK(taken.error().code() == Errc::io_failed);  // the power is off; nothing else is an excuse
    return;
  }
  CHECK(taken->attempt > truth.attempt);
  truth.attempt = taken->attempt;
  const Epoch found = taken->restore ? taken->restore->epoch : Epoch{};
  CHECK(found >= truth.acknowledged);
  CHECK(found <= truth.tried);
  CHECK(taken->next_epoch > found);
  // Not only the last: no manifest is ever seen that names what is gone.
  const auto epochs = store->list_manifests(taken->attempt);
  if (!epochs) return;
  for (const Epoch epoch : *epochs) {
    const auto bytes = store->read_manifest(taken->attempt, epoch);
    if (!bytes) return;
    const auto manifest = decode_manifest(*bytes, "m");
    REQUIRE(manifest);
    const auto value = samples::read_checkpoint(*store, *manifest);
    if (value) CHECK(*value == value_of(epoch));
    if (!value) CHECK(value.error().code() == Errc::io_failed);
  }
  // Whatever was in force when we took over stays in force: nobody else can change it.
  truth.acknowledged = found;
  truth.tried = found;
  for (int i = 0; i < checkpoints; ++i) {
    const Epoch epoch{taken->next_epoch.value + static_cast<std::uint64_t>(i)};
    const auto manifest = samples::write_checkpoint(*store, taken->attempt, epoch, value_of(epoch));
    if (!manifest) return;
    truth.tried = epoch;
    if (!publish(*store, points, *manifest)) return;
    truth.acknowledged = epoch;
    if (!collect_garbage(*store, points, taken->attempt, retained)) return;
  }
}

/// After a life that was not disturbed there is nothing but what is needed.
void check_clean(SimulatedFileSystem& files, FailurePoints& points, const Truth& truth,
                 std::uint32_t retained) {
  const auto store = make_directory_store(files, "state", "job", points);
  const auto epochs = store->list_manifests(truth.attempt);
  REQUIRE(epochs);
  CHECK(epochs->size() <= retained);
  CHECK(epochs->back() == truth.acknowledged);
  std::set<std::string> named;
  for (const Epoch epoch : *epochs) {
    const auto manifest = decode_manifest(*store->read_manifest(truth.attempt, epoch), "m");
    REQUIRE(manifest);
    CHECK(*samples::read_checkpoint(*store, *manifest) == value_of(epoch));
    for (const auto& part : manifest->operators) named.insert(part.objects[0].object.name);
  }
  const auto objects = *store->list_objects();
  CHECK(std::set<std::string>(objects.begin(), objects.end()) == named);
  const auto tree = files.tree();
  CHECK(std::count_if(tree.begin(), tree.end(), [](const std::string& entry) {
          return entry.find("/publish-") != std::string::npos && entry.ends_with('/');
        }) == 1);
}

void die(SimulatedFileSystem& files, bool machine) {
  if (machine) {
    files.crash();
  } else {
    files.kill_processes();
  }
}

TEST_CASE("a crash before any file operation leaves a legal state", "[unit][checkpoint][crash]") {
  const auto points = make_no_failure_points();
  for (const bool machine : {true, false}) {
    const std::uint64_t seeds = machine ? 8 : 1;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      for (std::uint64_t n = 0;; ++n) {
        INFO("machine " << machine << " seed " << seed << " crash after operation " << n);
        const std::uint32_t retained = 1 + static_cast<std::uint32_t>(seed % 2);
        SimulatedFileSystem files{testing::test_seed() + seed * 1000 + n};
        Truth truth;
        live(files, *points, truth, 1, retained);
        files.power_off_after(n);
        const std::uint64_t before = files.operations();
        live(files, *points, truth, 2, retained);
        const bool undisturbed = files.operations() - before <= n;
        die(files, machine);
        live(files, *points, truth, 2, retained);
        check_clean(files, *points, truth, retained);
        if (undisturbed) break;
        REQUIRE(n < 1000);
      }
    }
  }
}

TEST_CASE("the very first life may crash anywhere", "[unit][checkpoint][crash]") {
  const auto points = make_no_failure_points();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t n = 0;; ++n) {
      INFO("seed " << seed << " crash after operation " << n);
      SimulatedFileSystem files{testing::test_seed() + seed * 1000 + n};
      Truth truth;
      files.power_off_after(n);
      live(files, *points, truth, 1, 1);
      const bool undisturbed = files.operations() <= n;
      die(files, seed % 2 == 0);
      live(files, *points, truth, 1, 1);
      check_clean(files, *points, truth, 1);
      if (undisturbed) break;
      REQUIRE(n < 1000);
    }
  }
}

TEST_CASE("what a new attempt has seen stays, whatever dies next", "[unit][checkpoint][crash]") {
  // The process dies anywhere, another one looks, and then the machine loses what was not synced.
  const auto points = make_no_failure_points();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t n = 0;; ++n) {
      INFO("seed " << seed << " killed after operation " << n);
      SimulatedFileSystem files{testing::test_seed() + seed * 1000 + n};
      Truth truth;
      live(files, *points, truth, 1, 1);
      files.power_off_after(n);
      const std::uint64_t before = files.operations();
      live(files, *points, truth, 1, 1);
      const bool undisturbed = files.operations() - before <= n;
      files.kill_processes();
      live(files, *points, truth, 0, 1);
      files.crash();
      live(files, *points, truth, 1, 1);
      check_clean(files, *points, truth, 1);
      if (undisturbed) break;
      REQUIRE(n < 1000);
    }
  }
}

TEST_CASE("any number of crashes at random moments leaves a legal state",
          "[unit][checkpoint][crash]") {
  const auto points = make_no_failure_points();
  Random random{testing::test_seed()};
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t seed = random.next();
    INFO("round " << round);
    SimulatedFileSystem files{seed};
    Truth truth;
    for (std::uint64_t lives = 1 + random.below(6); lives > 0; --lives) {
      files.power_off_after(random.below(120));
      live(files, *points, truth, static_cast<int>(random.below(4)), 1);
      die(files, random.chance(0.5));
    }
    live(files, *points, truth, 1, 1);
    check_clean(files, *points, truth, 1);
  }
}

TEST_CASE("an injected failure at any point leaves a legal state", "[unit][checkpoint][crash]") {
  for (const FailurePoint& point : failure_points()) {
    const std::string name{point.name};
    if (!name.starts_with("publish.") && !name.starts_with("checkpoint.") &&
        !name.starts_with("collect.")) {
      continue;
    }
    for (int hit = 1; hit <= 3; ++hit) {
      INFO(name << "@" << hit);
      SimulatedFileSystem files{testing::test_seed()};
      const auto none = make_no_failure_points();
      const auto points = parse_failure_points(name + "=error@" + std::to_string(hit));
      REQUIRE(points);
      const auto store = make_directory_store(files, "state", "job", **points);
      Truth truth;
      const auto taken = take_over(*store, **points);
      for (std::uint64_t epoch = 1; taken && epoch <= 3; ++epoch) {
        const auto manifest =
            samples::write_checkpoint(*store, taken->attempt, {epoch}, value_of({epoch}));
        if (!manifest) break;
        truth.tried = {epoch};
        if (!publish(*store, **points, *manifest)) break;
        truth.acknowledged = {epoch};
        if (!collect_garbage(*store, **points, taken->attempt, 1)) break;
      }
      if (taken) truth.attempt = taken->attempt;
      live(files, *none, truth, 1, 1);
      check_clean(files, *none, truth, 1);
    }
  }
}

}  // namespace
}  // namespace flow
