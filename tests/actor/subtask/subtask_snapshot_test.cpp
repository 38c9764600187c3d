// Snapshots and commits of a SUBTASK that end when nobody waits for them any more.
#include "recorded_port.hpp"
#include "subtask/subtask.hpp"

#include "flow/record/builder.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/manual_io.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/simulated_file_system.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

constexpr std::uint32_t kBig = 1 << 20;

Numbers padded() {
  Numbers numbers;
  numbers.bytes_per_row = 1;
  return numbers;
}

/// Rows whose pads are all different and a megabyte long.
Batch big_rows(SlabPool& pool, std::uint32_t rows) {
  BatchBuilder builder{numbers_source(padded())->schema(), pool, rows};
  for (std::uint32_t i = 0; i < rows; ++i) {
    builder.column(0).append_int64(i);
    builder.column(1).append_int64(0);
    builder.column(2).append_int64(i);
    builder.column(3).append_view(std::to_string(i) + std::string(kBig, 'x'));
  }
  return builder.finish();
}

/// The second subtask of a plan, with one channel into it, its I/O and its files.
class Alone {
 public:
  Alone(ExecutionPlan plan, RuntimeOptions options)
      : store{make_directory_store(files, "snapshots", "job", *no_failures_)} {
    auto shared = std::make_shared<const ExecutionPlan>(std::move(plan));
    auto wired = wire(*shared).subtasks[1];
    subtask = std::make_unique<Subtask>(
        SubtaskSetup{std::move(shared), std::move(wired), Attempt{1}, "lineage", store, nullptr,
                     options, RuntimeWorld{files, clock_, *log_, *no_failures_}},
        port, io);
    REQUIRE(store->take_over());
    REQUIRE(subtask->open());
    subtask->go();
  }
  void receive(ChannelFrame frame) {
    frame.sequence = ++sequence_;
    REQUIRE(subtask->on_frame(std::move(frame)));
    REQUIRE(subtask->step());
  }
  void receive_barrier(Epoch epoch) {
    ChannelFrame frame;
    frame.kind = ChannelFrame::Kind::barrier;
    frame.epoch = epoch;
    receive(std::move(frame));
  }

  SimulatedFileSystem files{1};
  ManualIo io;
  RecordedPort port;

 private:
  std::unique_ptr<FailurePoints> no_failures_ = make_no_failure_points();
  std::unique_ptr<Log> log_ = make_null_log();
  ManualClock clock_;
  std::uint64_t sequence_ = 0;

 public:
  std::shared_ptr<SnapshotStore> store;
  std::unique_ptr<Subtask> subtask;
};

ExecutionPlan plan_with_windows(Ledger& ledger) {
  WindowAggregateSpec window;
  window.keys = {{"pad", ExpressionText{"pad"}}};
  window.window = TumblingWindow{Micros{1'000'000}};
  window.time_column = "at";
  AggregateSpec count;
  count.name = "n";
  count.function = "count";
  window.aggregates = {count};
  return PlanBuilder{"job"}
      .source("numbers", numbers_source(padded()), 1)
      .exchange(Exchange::hash, {3}, 1)
      .op("windows", window)
      .exchange(Exchange::rebalance, {}, 1)
      .sink("out", ledger_sink(ledger))
      .build();
}

/// A sink outside of all I/O threads: it answers a commit when the test says so.
class SlowSink final : public Sink {
 public:
  using Answer = std::function<void(Status)>;
  explicit SlowSink(Answer& answer) : answer_{answer} {}
  Status accept(const Schema&, bool) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext&, SchemaPtr) const override {
    return std::unique_ptr<SinkWriter>{std::make_unique<Writer>(answer_)};
  }
  [[nodiscard]] bool exactly_once() const override { return true; }

 private:
  class Writer final : public SinkWriter {
   public:
    explicit Writer(Answer& answer) : answer_{answer} {}
    Result<Written> write(const Batch&) override { return Written{}; }
    void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
      done(std::string{"rows"});
    }
    void commit(std::vector<Committable>, Answer done) override { answer_ = std::move(done); }
    void recover(std::vector<Committable>, Answer done) override { done({}); }

   private:
    Answer& answer_;
  };
  Answer& answer_;
};

}  // namespace

TEST_CASE("a write that fails after its checkpoint was given up harms nobody", "[actor][subtask]") {
  Ledger ledger;
  RuntimeOptions options;
  options.copy_slice = ByteCount{2 * kBig};
  // What a writer keeps before it writes: the first piece it is handed makes it write.
  options.snapshot_chunk = SnapshotWriter::kRunBytes;
  Alone alone{plan_with_windows(ledger), options};
  ChannelFrame rows;
  rows.kind = ChannelFrame::Kind::rows;
  rows.batch = big_rows(alone.subtask->pool(), 75);
  alone.receive(std::move(rows));
  alone.receive_barrier({1});
  for (int i = 0; i < 100 && alone.io.waiting() == 0; ++i) REQUIRE(alone.subtask->step());
  REQUIRE(alone.io.waiting() == 1);

  const bool given_up = GENERATE(true, false);
  if (given_up) alone.subtask->on_abort({1}, BarrierKind::periodic);
  alone.files.fail_always(Errc::disk_full);
  alone.io.run_all();
  CHECK(alone.port.declined == (given_up ? std::vector<Epoch>{} : std::vector<Epoch>{{1}}));

  // The next checkpoint is like any other.
  alone.files.fail_always(std::nullopt);
  alone.receive_barrier({2});
  for (int i = 0; i < 200; ++i) {
    REQUIRE(alone.subtask->step());
    alone.io.run_all();
  }
  CHECK(alone.port.acknowledged == std::vector<Epoch>{{2}});
}

TEST_CASE("a commit that is answered after its subtask has ended harms nobody",
          "[actor][subtask]") {
  std::function<void(Status)> answer;
  Alone alone{PlanBuilder{"job"}
                  .source("numbers", numbers_source({}), 1)
                  .exchange(Exchange::rebalance, {}, 1)
                  .sink("out", std::make_shared<SlowSink>(answer))
                  .build(),
              {}};
  alone.receive_barrier({1});
  alone.io.run_all();
  REQUIRE(alone.port.acknowledged == std::vector<Epoch>{{1}});
  alone.subtask->on_commit({1});
  REQUIRE(answer);
  const bool ended = GENERATE(true, false);
  if (ended) alone.subtask.reset();
  answer({});
  CHECK(alone.port.committed == (ended ? std::vector<Epoch>{} : std::vector<Epoch>{{1}}));
}
