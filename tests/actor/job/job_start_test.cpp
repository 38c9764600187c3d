// What a run begins with, and that a job that has ended meanwhile leaves its directory alone.
#include "job/job_start.hpp"

#include "flow/checkpoint/publishing.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_runtime.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

/// A sink that notes what it was asked before the first row.
class AskedSink final : public Sink {
 public:
  Status accept(const Schema&, bool) const override { return {}; }
  Status check_outside(FileSystem&, const std::string&, bool fresh) const override {
    asked.push_back(fresh);
    return {};
  }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext&, SchemaPtr) const override {
    return Error{Errc::injected, "nothing is written here"};
  }
  bool exactly_once() const override { return true; }

  mutable std::vector<bool> asked;  // `fresh` of each call
};

/// The start of a job, its directory, and another process that would like to have it.
class Start {
 public:
  explicit Start(RunOptions options = {}) : options_{std::move(options)} {}

  /// What an earlier run of the job left: checkpoints 1 and 2.
  void ran_before() {
    auto before = another_run();
    const auto attempt = before.begin_attempt().value();
    for (const auto epoch : {Epoch{1}, Epoch{2}}) publish(before, attempt, epoch);
    before.release();
  }
  void damage_last() {
    files.damage("snapshots/job/publish-0000000001/manifest-0000000002", 40, 0xee);
  }
  void publish(JobStart& run, const AttemptStart& attempt, Epoch epoch) {
    auto manifest = run.outline(attempt);
    manifest.epoch = epoch;
    REQUIRE(flow::publish(*store_, *no_failures_, manifest));
  }
  JobStart another_run() {
    return JobStart{plan_, {}, RuntimeWorld{files, clock_, *log_, *no_failures_}, 2};
  }
  bool is_locked() { return !store_->lock(); }
  std::optional<Attempt> owner() { return store_->current_attempt().value(); }

  SimulatedFileSystem files{1};
  SimulatedFailures failures;

 private:
  static std::shared_ptr<const ExecutionPlan> plan_into(std::shared_ptr<const Sink> sink) {
    auto plan = PlanBuilder{"job"}
                    .source("numbers", numbers_source({}), 1)
                    .sink("out", std::move(sink))
                    .build();
    plan.checkpoints.directory = "snapshots";
    return std::make_shared<const ExecutionPlan>(std::move(plan));
  }
  RunOptions options_;
  std::shared_ptr<const AskedSink> sink_ = std::make_shared<AskedSink>();
  std::shared_ptr<const ExecutionPlan> plan_ = plan_into(sink_);
  ManualClock clock_;
  std::unique_ptr<Log> log_ = make_null_log();
  std::unique_ptr<FailurePoints> no_failures_ = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store_ =
      make_directory_store(files, "snapshots", "job", *no_failures_);

 public:
  const std::vector<bool>& asked = sink_->asked;
  JobStart job{plan_, options_, RuntimeWorld{files, clock_, *log_, failures}, 1};
};

RunOptions from(std::string snapshot) {
  RunOptions options;
  options.from_snapshot = std::move(snapshot);
  return options;
}

RunOptions afresh() {
  RunOptions options;
  options.fresh = true;
  return options;
}

std::optional<Epoch> restored(const Result<AttemptStart>& attempt) {
  if (!attempt.value().restore) return std::nullopt;
  return attempt.value().restore->manifest.epoch;
}

}  // namespace

TEST_CASE("a job that is released while it locks its directory does not take it over",
          "[actor][job]") {
  Start start;
  start.files.set_hook([&](FileOperation operation, const std::string&) -> Status {
    if (operation == FileOperation::lock) start.job.release();
    return {};
  });
  CHECK(!start.job.begin_attempt());
  start.files.set_hook(nullptr);
  CHECK(!start.is_locked());
  CHECK(start.owner() == std::nullopt);
}

TEST_CASE("a job that was released begins no attempt", "[actor][job]") {
  Start start;
  start.job.release();
  CHECK(!start.job.begin_attempt());
  CHECK(!start.is_locked());
  CHECK(start.owner() == std::nullopt);
}

TEST_CASE("a directory stays locked until what is done to it has come to its end", "[actor][job]") {
  Start start;
  bool locked = false;
  start.failures.on_hit = [&](std::string_view point) -> Status {
    if (point != "publish.before_takeover") return {};
    start.job.release();
    locked = start.is_locked();
    return {};
  };
  REQUIRE(start.job.begin_attempt());
  CHECK(locked);
  CHECK(!start.is_locked());
}

TEST_CASE("a start that failed looks outside when it succeeds, and then no more", "[actor][job]") {
  Start start;
  start.ran_before();
  start.failures.on_hit = [failed = false](std::string_view point) mutable -> Status {
    if (point != "publish.after_takeover" || std::exchange(failed, true)) return {};
    return Error{Errc::injected, "injected failure"};
  };
  const auto before = start.asked.size();
  CHECK(!start.job.begin_attempt());
  CHECK(start.asked.size() == before);
  CHECK(restored(start.job.begin_attempt()) == Epoch{2});
  REQUIRE(start.asked.size() == before + 1);
  CHECK(!start.asked.back());
  CHECK(restored(start.job.begin_attempt()) == Epoch{2});
  CHECK(start.asked.size() == before + 1);
}

TEST_CASE("a run from a chosen snapshot begins there until it has a checkpoint of its own",
          "[actor][job]") {
  Start start{from("snapshots/job/publish-0000000001/manifest-0000000001")};
  start.ran_before();
  if (GENERATE(false, true)) start.damage_last();
  CHECK(restored(start.job.begin_attempt()) == Epoch{1});
  const auto again = start.job.begin_attempt();
  CHECK(restored(again) == Epoch{1});
  CHECK(again->next_epoch == Epoch{3});
  start.publish(start.job, *again, again->next_epoch);
  CHECK(restored(start.job.begin_attempt()) == Epoch{3});
}

TEST_CASE("a fresh run begins with nothing until it has a checkpoint of its own", "[actor][job]") {
  Start start{afresh()};
  start.ran_before();
  if (GENERATE(false, true)) start.damage_last();
  CHECK(restored(start.job.begin_attempt()) == std::nullopt);
  CHECK(start.asked.back());
  const auto again = start.job.begin_attempt();
  CHECK(restored(again) == std::nullopt);
  start.publish(start.job, *again, again->next_epoch);
  CHECK(restored(start.job.begin_attempt()) == Epoch{3});
}
