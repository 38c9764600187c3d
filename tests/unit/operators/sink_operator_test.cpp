#include "flow/operators/sink_operator.hpp"

#include "chain_fixture.hpp"

#include "support/golden.hpp"

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

/// An outbox of so many batches.
class FakeWriter final : public SinkWriter {
 public:
  struct Outside {
    std::vector<IdRow> rows;
    std::size_t room = 0;
    int flushes = 0;
    bool broken = false;
  };
  explicit FakeWriter(Outside& outside) : outside_{outside} {}
  Result<Written> write(const Batch& batch) override {
    if (outside_.broken) return Error{Errc::disk_full, "cannot write"};
    if (outside_.room == 0) return Written{false};
    --outside_.room;
    for (const auto& row : id_rows(batch)) outside_.rows.push_back(row);
    return Written{true};
  }
  void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
    done(std::string{});
  }
  void commit(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void recover(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void flush() override { ++outside_.flushes; }

 private:
  Outside& outside_;
};

std::unique_ptr<Chain> sink_chain(ChainWorld& world, ChainOutput& output,
                                  FakeWriter::Outside& outside, std::uint32_t subtask = 0,
                                  std::uint32_t parallelism = 1) {
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("rows", {{inside(1)}}));
  links.push_back(
      {"out", std::make_unique<SinkOperator>(std::make_unique<FakeWriter>(outside)), 1, {}});
  return world.open(std::move(links), {{0, 0}}, output, subtask, parallelism);
}

}  // namespace

TEST_CASE("a batch the writer refuses waits until the writer wakes the chain", "[unit][sink]") {
  ChainWorld world;
  RecordedOutput output{1};
  FakeWriter::Outside outside;
  auto chain = sink_chain(world, output, outside);
  chain->push_batch(0, world.rows({{1, at(1)}}));
  CHECK(run(*chain) == Chain::State::blocked);
  // One more waits in front of the sink, then the chain takes nothing.
  chain->push_batch(0, world.rows({{2, at(1)}}));
  CHECK(run(*chain) == Chain::State::blocked);
  outside.room = 5;
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(outside.rows.empty());
  chain->wake(1);
  CHECK(run(*chain) == Chain::State::idle);
  CHECK(outside.rows == std::vector<IdRow>{{1, at(1)}, {2, at(1)}});
  chain->request_flush();
  run(*chain);
  CHECK(outside.flushes == 1);
  chain->push_end(0);
  CHECK(run(*chain) == Chain::State::ended);
}

TEST_CASE("refused rows are in the snapshot and are written once by the next attempt",
          "[unit][sink]") {
  for (const auto after : {1u, 3u}) {
    ChainWorld world;
    RecordedOutput output{1};
    FakeWriter::Outside outside;
    std::vector<ChainSnapshot> snapshots;
    for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
      auto chain = sink_chain(world, output, outside, subtask, 2);
      chain->push_batch(0, world.rows({{subtask, at(1)}}));
      CHECK(run(*chain) == Chain::State::blocked);
      snapshots.push_back(ChainSnapshot::take(*chain, 2));
    }
    CHECK(outside.rows.empty());
    outside.room = 10;
    for (std::uint32_t subtask = 0; subtask < after; ++subtask) {
      auto chain = sink_chain(world, output, outside, subtask, after);
      REQUIRE(ChainSnapshot::restore(*chain, snapshots));
      CHECK(run(*chain) == Chain::State::idle);
    }
    CHECK(outside.rows == std::vector<IdRow>{{0, at(1)}, {1, at(1)}});
  }
}

TEST_CASE("what the writer reports ends the attempt under the sink's name", "[unit][sink]") {
  ChainWorld world;
  RecordedOutput output{1};
  FakeWriter::Outside outside;
  outside.broken = true;
  auto chain = sink_chain(world, output, outside);
  chain->push_batch(0, world.rows({{1, at(1)}}));
  const auto state = chain->step(std::chrono::milliseconds{1});
  REQUIRE_FALSE(state);
  CHECK(state.error().code() == Errc::disk_full);
  CHECK(state.error().context() == std::vector<std::string>{"operator 'out'"});
}

TEST_CASE("rows that a writer has not taken are stored the same", "[unit][sink][golden]") {
  ChainWorld world;
  RecordedOutput output{1};
  FakeWriter::Outside outside;
  outside.room = 0;
  auto chain = sink_chain(world, output, outside);
  chain->push_batch(0, world.rows({{1, at(1)}, {2, at(3)}}));
  REQUIRE(run(*chain) == Chain::State::blocked);
  std::string text;
  for (const auto& part : ChainSnapshot::take(*chain, 2).parts) text += to_text(part);
  expect_golden("operators/sink.txt", text);
}

}  // namespace flow::testing
