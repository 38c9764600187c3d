// Real processes on the real file system, killed with SIGKILL at every failure point of the
// snapshot protocol: what the next process finds is the last acknowledged checkpoint or the one
// after it.

#include "flow/checkpoint/publishing.hpp"
#include "flow/checkpoint/snapshot_buffer.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"
#include "flow/checkpoint/snapshot_writer.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

namespace flow {
namespace {

std::string value_of(Epoch epoch) { return "v" + std::to_string(epoch.value); }

Status checkpoint(SnapshotStore& store, FailurePoints& points, Attempt attempt, Epoch epoch) {
  SnapshotBuffer buffer{"op"};
  FLOW_TRY(buffer.put_entry("state", {5}, "key", value_of(epoch)));
  SnapshotWriter writer{store, object_name(attempt, epoch, "0-0")};
  for (EntryChunk& chunk : buffer.take_entries()) FLOW_TRY(writer.add(std::move(chunk)));
  FLOW_ASSIGN(const auto object, writer.finish());
  Manifest manifest;
  manifest.job = "job";
  manifest.lineage = "lineage";
  manifest.attempt = attempt;
  manifest.epoch = epoch;
  manifest.key_format = 1;
  manifest.operators = {{"op", {0}, 1, {0, 1024}, {{*object, {0, 1024}}}, {}}};
  FLOW_TRY(publish(store, points, manifest));
  FLOW_TRY(collect_garbage(store, points, attempt, 1));
  return {};
}

/// Runs in a process of its own: three checkpoints; each is reported through the pipe when it is
/// complete.
[[noreturn]] void live(const std::string& root, const std::string& rules, int report) {
  const auto files = make_posix_file_system();
  const auto points = parse_failure_points(rules);
  if (!points) ::_exit(3);
  const auto store = make_directory_store(*files, root, "job", **points);
  const auto lock = store->lock();
  if (!lock) ::_exit(4);
  const auto taken = take_over(*store, **points);
  if (!taken) ::_exit(5);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Epoch epoch{taken->next_epoch.value + i};
    if (!checkpoint(*store, **points, taken->attempt, epoch)) ::_exit(6);
    if (::write(report, &epoch.value, sizeof epoch.value) != sizeof epoch.value) ::_exit(7);
  }
  ::_exit(0);
}

struct Life {
  bool killed = false;
  Epoch acknowledged;
};

Life run(const std::string& root, const std::string& rules) {
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) live(root, rules, ends[1]);
  ::close(ends[1]);
  Life life;
  while (::read(ends[0], &life.acknowledged.value, sizeof life.acknowledged.value) > 0) {
  }
  ::close(ends[0]);
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  life.killed = WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL;
  if (!life.killed) {
    REQUIRE(WIFEXITED(state));
    REQUIRE(WEXITSTATUS(state) == 0);
  }
  return life;
}

TEST_CASE("a process killed at any failure point leaves the last checkpoint or the next",
          "[recovery][checkpoint]") {
  for (const FailurePoint& point : failure_points()) {
    const std::string name{point.name};
    const bool takes_over = name.starts_with("publish.");
    const bool collects = name.starts_with("collect.");
    // Points of this protocol; those of the actors are killed at by their own tests.
    const bool ours = takes_over || collects || name == "checkpoint.before_object" ||
                      name == "checkpoint.after_object" || name == "checkpoint.before_manifest" ||
                      name == "checkpoint.manifest_written" || name == "checkpoint.after_manifest";
    if (!ours) continue;
    for (int hit = 1; hit <= (takes_over ? 1 : 2); ++hit) {
      INFO(name << "@" << hit);
      const testing::TempDir dir;
      const std::string root = dir.path().string();
      const Life first = run(root, "");
      CHECK(first.acknowledged == Epoch{3});
      const Life second = run(root, name + "=crash@" + std::to_string(hit));
      CHECK(second.killed);
      const Epoch acknowledged = std::max(first.acknowledged, second.acknowledged);

      const auto files = make_posix_file_system();
      const auto points = make_no_failure_points();
      const auto store = make_directory_store(*files, root, "job", *points);
      const auto lock = store->lock();  // the killed one's is gone with it
      REQUIRE(lock);
      const auto taken = take_over(*store, *points);
      REQUIRE(taken);
      CHECK(taken->attempt.value >= 2);
      REQUIRE(taken->restore);
      CHECK(taken->restore->epoch >= acknowledged);
      CHECK(taken->restore->epoch.value <= acknowledged.value + 1);
      CHECK(taken->next_epoch > taken->restore->epoch);
      const auto source = make_snapshot_source(*store, *taken->restore, "op", {0}, 1);
      std::string value;
      CHECK(
          source->entries("state", {0, 1024}, [&](KeyGroup, std::string_view, std::string_view v) {
            value = v;
            return Status{};
          }));
      CHECK(value == value_of(taken->restore->epoch));
      CHECK(checkpoint(*store, *points, taken->attempt, taken->next_epoch));
      CHECK(store->list_objects()->size() == 1);
      CHECK(store->list_manifests(taken->attempt)->size() == 1);
    }
  }
}

}  // namespace
}  // namespace flow
