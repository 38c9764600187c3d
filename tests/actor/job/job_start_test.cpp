// A job that has ended while its start was under way leaves its directory alone.
#include "job/job_start.hpp"

#include "flow/checkpoint/publishing.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_runtime.hpp"

#include <memory>
#include <string_view>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

/// The start of a job, its directory, and another process that would like to have it.
class Start {
 public:
  bool is_locked() { return !store_->lock(); }
  std::optional<Attempt> owner() { return store_->current_attempt().value(); }

  SimulatedFileSystem files{1};
  SimulatedFailures failures;

 private:
  static ExecutionPlan plan_into(Ledger& ledger) {
    auto plan = PlanBuilder{"job"}
                    .source("numbers", numbers_source({}), 1)
                    .sink("out", ledger_sink(ledger))
                    .build();
    plan.checkpoints.directory = "snapshots";
    return plan;
  }
  Ledger ledger_;
  ManualClock clock_;
  std::unique_ptr<Log> log_ = make_null_log();
  std::unique_ptr<FailurePoints> no_failures_ = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store_ =
      make_directory_store(files, "snapshots", "job", *no_failures_);

 public:
  JobStart job{std::make_shared<const ExecutionPlan>(plan_into(ledger_)), RunOptions{},
               RuntimeWorld{files, clock_, *log_, failures}, 1};
};

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
