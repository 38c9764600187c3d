#include "job/job_progress.hpp"

#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"

using namespace flow;
using namespace flow::testing;
using namespace std::chrono_literals;

namespace flow::actors {
namespace {

/// One source, two sinks behind an exchange: subtasks 0, 1, 2.
class Sums {
 public:
  SubtaskReport did(std::uint64_t rows) const {
    SubtaskReport report;
    report.links.resize(1);
    report.links[0].rows_in = report.links[0].rows_out = rows;
    report.links[0].bytes = 10 * rows;
    report.busy_ns = rows;
    report.idle_ns = 3 * rows;
    return report;
  }
  void at_barrier(std::uint64_t epoch, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    std::uint32_t subtask = 0;
    for (const auto rows : {a, b, c}) sum_.at_barrier({epoch}, {subtask++}, did(rows));
  }
  JobProgress show(std::uint64_t a, std::uint64_t b, std::uint64_t c,
                   JobState state = JobState::running) {
    now_ += 1s;
    JobProgress progress;
    progress.state = state;
    progress.elapsed = std::chrono::duration_cast<Micros>(now_);
    sum_.add_up({did(a), did(b), did(c)}, now_, progress);
    return progress;
  }
  ProgressSum& sum() { return sum_; }

 private:
  Ledger ledger_;
  ExecutionPlan plan_ = PlanBuilder{"job"}
                            .source("in", numbers_source({}), 1)
                            .exchange(Exchange::hash, {0}, 2)
                            .sink("out", ledger_sink(ledger_))
                            .build();
  Wiring wiring_ = wire(plan_);
  ProgressSum sum_{plan_, wiring_};
  std::chrono::nanoseconds now_{};
};

TEST_CASE("counts go on from the checkpoint a job fell back to", "[actor][progress]") {
  Sums sums;
  sums.sum().begin_attempt(std::nullopt);
  sums.at_barrier(1, 100, 40, 50);
  sums.sum().forget_before({1});
  sums.at_barrier(2, 200, 90, 100);
  CHECK(sums.show(250, 120, 110).rows_in == 250);

  sums.sum().begin_attempt(Epoch{1});
  auto progress = sums.show(0, 0, 0);
  CHECK(progress.rows_in == 100);
  CHECK(progress.rows_out == 90);
  CHECK(progress.nodes[0].bytes == 1'000);

  SECTION("also if the next attempt fails at once") {
    sums.sum().begin_attempt(Epoch{1});
    CHECK(sums.show(5, 0, 0).rows_in == 105);
  }
  SECTION("also if the numbers of epochs come again") {
    sums.at_barrier(2, 7, 3, 4);
    sums.sum().forget_before({2});
    sums.sum().begin_attempt(Epoch{2});
    progress = sums.show(1, 1, 0);
    CHECK(progress.rows_in == 108);
    CHECK(progress.rows_out == 98);
  }
}

TEST_CASE("a job that falls back to its beginning, or to another run, counts from nothing",
          "[actor][progress]") {
  Sums sums;
  sums.sum().begin_attempt(Epoch{7});
  CHECK(sums.show(10, 5, 5).rows_in == 10);
  sums.at_barrier(8, 10, 5, 5);
  sums.sum().begin_attempt(Epoch{7});
  CHECK(sums.show(1, 0, 0).rows_in == 1);
  sums.sum().begin_attempt(std::nullopt);
  CHECK(sums.show(2, 0, 0).rows_in == 2);
}

TEST_CASE("checkpoints that fail for ever keep a bounded number of counts, the good one too",
          "[actor][progress]") {
  Sums sums;
  sums.sum().begin_attempt(std::nullopt);
  for (std::uint64_t epoch = 1; epoch <= 1'000; ++epoch) sums.at_barrier(epoch, epoch, 0, 0);
  sums.sum().begin_attempt(Epoch{1});
  CHECK(sums.show(0, 0, 0).rows_in == 1);
}

TEST_CASE("rates are those since the last look, and at the end those of the run",
          "[actor][progress]") {
  Sums sums;
  sums.sum().begin_attempt(std::nullopt);
  CHECK(sums.show(100, 0, 0).nodes[0].rows_out_per_second == 0);
  CHECK(sums.show(400, 0, 0).nodes[0].rows_out_per_second == 300);
  const auto end = sums.show(600, 300, 300, JobState::finished);
  CHECK(end.nodes[0].rows_out_per_second == 200);
  CHECK(end.nodes[1].rows_in_per_second == 200);
  CHECK(end.nodes[0].busy == 0.25);
}

}  // namespace
}  // namespace flow::actors
