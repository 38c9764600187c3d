// What leaves a subtask costs the memory it keeps, and keeps no more than it uses.
#include "subtask/subtask_output.hpp"

#include "recorded_port.hpp"

#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <cstring>
#include <utility>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

/// A subtask with one channel and, unless told otherwise, as much credit as it likes.
class Output {
 public:
  explicit Output(std::uint64_t credit = 1'000'000'000'000) { grant(credit); }
  void grant(std::uint64_t total) { output_.on_credit(0, total); }
  void emit(Batch batch) { output_.emit(0, std::move(batch)); }
  void emit_watermark(EventTime watermark) { output_.emit_watermark(0, watermark); }
  void emit_barrier(Epoch epoch) { output_.emit_barrier(epoch, BarrierKind::periodic); }
  void give_up(Epoch epoch) { output_.on_given_up(epoch); }
  void flush() { output_.flush(); }
  RecordedPort frames;

 private:
  static ExecutionPlan plan() {
    ExecutionPlan plan;
    plan.edges.resize(1);
    plan.edges[0].exchange = Exchange::forward;
    return plan;
  }
  static WiredSubtask wired() {
    WiredSubtask wired;
    wired.outputs.push_back({SubtaskNumber{1}, 0});
    wired.edges.push_back({0, {0}});
    return wired;
  }
  ManualClock clock_;
  PoolHandle pool_ = SlabPool::make();
  SubtaskOutput output_{plan(), wired(), frames, *pool_, clock_};
};

constexpr std::size_t kSlab = 1 << 20;

/// `rows` numbers in a slab of a megabyte: what a projection or a slice leaves of a received batch.
Batch few_numbers(SlabPool& pool, std::uint32_t rows) {
  BatchBuilder builder{make_schema({{"n", types::int64, false}}), pool, rows};
  for (std::uint32_t i = 0; i < rows; ++i) builder.column(0).append_int64(i);
  auto batch = builder.finish();
  auto slab = Buffer::allocate(pool, kSlab);
  auto& values = batch.mutable_columns()[0].values;
  std::memcpy(slab.mutable_data(), values.data(), values.size());
  values = slab.slice(0, values.size());
  return batch;
}

}  // namespace

TEST_CASE("a batch that uses little of a large slab is copied out of it before it is sent",
          "[actor][subtask]") {
  const auto pool = SlabPool::make();
  Output output;
  const auto rows = GENERATE(10u, 3'000u);
  output.emit(few_numbers(*pool, rows));
  output.flush();
  REQUIRE(output.frames.sent.size() == 1);
  const auto& frame = output.frames.sent[0];
  CHECK(frame.batch.rows() == rows);
  CHECK(frame.batch.column(0).values.as<std::int64_t>()[rows - 1] == rows - 1);
  CHECK(frame.batch.retained_bytes() < kSlab / 8);
  CHECK(frame.cost >= frame.batch.retained_bytes());
  pool->collect();
  CHECK(pool->usage().in_use <= kSlab / 8);
}

TEST_CASE("a batch that uses most of its slab travels in it and costs the whole slab",
          "[actor][subtask]") {
  const auto pool = SlabPool::make();
  Output output;
  auto batch = few_numbers(*pool, 100'000);
  const auto* slab = batch.column(0).values.slab_id();
  output.emit(std::move(batch));
  REQUIRE(output.frames.sent.size() == 1);
  CHECK(output.frames.sent[0].batch.column(0).values.slab_id() == slab);
  CHECK(output.frames.sent[0].cost >= kSlab);
}

TEST_CASE("what is held back to become a full batch keeps no slabs alive", "[actor][subtask]") {
  const auto pool = SlabPool::make();
  Output output;
  for (int i = 0; i < 1'000; ++i) output.emit(few_numbers(*pool, 1));
  pool->collect();
  CHECK(pool->usage().in_use < 2 * kSlab);
  output.flush();
  std::size_t rows = 0;
  for (const auto& frame : output.frames.sent) rows += frame.batch.rows();
  CHECK(rows == 1'000);
}

TEST_CASE("what is shown past rows that wait for credit says nothing of their time",
          "[actor][subtask]") {
  const auto pool = SlabPool::make();
  Output output{1};  // one batch of any size
  output.emit(few_numbers(*pool, 1));
  output.emit_watermark(EventTime{10});
  output.flush();
  // From here on everything waits: rows up to 20, then the watermark that closes them.
  output.emit(few_numbers(*pool, 2));
  output.emit_watermark(EventTime{20});
  output.flush();
  output.emit_barrier({1});
  output.give_up({1});
  output.give_up({1});

  const auto& sent = output.frames.sent;
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].watermark == EventTime{10});
  for (std::size_t i = 1; i < sent.size(); ++i) {
    CHECK(sent[i].kind == ChannelFrame::Kind::mark);
    CHECK(sent[i].sequence == i + 1);
    CHECK(sent[i].watermark <= EventTime{10});
  }
  output.grant(1'000'000'000'000);
  REQUIRE(sent.size() == 4);
  CHECK(sent[3].batch.rows() == 2);
  CHECK(sent[3].watermark == EventTime{20});
  CHECK(sent[3].sequence == 4);
}
