// What leaves a subtask costs the memory it keeps, and keeps no more than it uses.
#include "subtask/subtask_output.hpp"

#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <cstring>
#include <utility>
#include <vector>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

class Frames final : public SubtaskPort {
 public:
  void send_frame(std::uint32_t, ChannelFrame frame) override { sent.push_back(std::move(frame)); }
  void send_credit(std::uint32_t, std::uint64_t) override {}
  void request_split() override {}
  void report_split_done(SplitDone) override {}
  void report_ended() override {}
  void report_barrier(Epoch, SubtaskReport) override {}
  void acknowledge(Epoch, SubtaskSnapshot) override {}
  void decline(Epoch, Error) override {}
  void report_committed(Epoch) override {}
  void step_soon() override {}
  void step_at(std::chrono::nanoseconds) override {}
  std::vector<ChannelFrame> sent;
};

/// A subtask with one channel and as much credit as it likes.
class Output {
 public:
  Output() { output_.on_credit(0, 1'000'000'000'000); }
  void emit(Batch batch) { output_.emit(0, std::move(batch)); }
  void flush() { output_.flush(); }
  Frames frames;

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
