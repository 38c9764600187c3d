// A `through` step in a chain, with a partner that answers when the test says so.
#include "chain_fixture.hpp"

#include "flow/operators/spec.hpp"
#include "support/batches.hpp"
#include "support/operators/fake_partner.hpp"

#include <cstring>

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

struct Warnings final : Log {
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::warn; }
  void write(LogLevel level, std::string_view line) override {
    if (level >= LogLevel::warn) lines.emplace_back(line);
  }
  std::vector<std::string> lines;
};

/// rows → through → edge 0.
struct Through {
  explicit Through(ThroughSpec spec_ = {}) : spec{std::move(spec_)} {
    spec.partner = fake_partners(script);
    script->answers_at_once = false;
    auto log = std::make_unique<Warnings>();
    warnings = log.get();
    world.log = std::move(log);
    open();
  }
  void open() {
    StreamShape shape;
    shape.schema = world.rows({{0, at(0)}}).schema();
    auto op = make_operator(spec, {shape});
    REQUIRE(op);
    chain.reset();
    std::vector<ChainLink> links;
    links.push_back(link<PassOperator>("rows", {{inside(1)}}));
    links.push_back({"actor", *std::move(op), 1, {{outside(0)}}});
    chain = world.open(std::move(links), {{0, 0}}, output);
  }
  FakePartner& partner() { return *script->alive.back(); }
  void push(std::int64_t id) { chain->push_batch(0, world.rows({{id, at(id)}})); }
  /// The oldest answers come home.
  Chain::State let_go(std::size_t answers) {
    partner().let_go(answers);
    chain->wake(1);
    return run(*chain);
  }
  Error error() {
    auto state = chain->step(std::chrono::milliseconds{1});
    while (state && *state == Chain::State::busy) state = chain->step(std::chrono::milliseconds{1});
    REQUIRE_FALSE(state);
    return state.error();
  }

  ChainWorld world;
  Warnings* warnings = nullptr;  // world.log
  RecordedOutput output{1};
  std::shared_ptr<PartnerScript> script = std::make_shared<PartnerScript>();
  ThroughSpec spec;
  std::unique_ptr<Chain> chain;
};

ThroughSpec with_requests(std::uint32_t requests) {
  ThroughSpec spec;
  spec.requests = requests;
  return spec;
}

Batch remembered(const Batch& batch, std::string& state) {
  state = std::to_string(id_rows(batch).front().id);
  return batch;
}

}  // namespace

TEST_CASE("answers leave in the order of the batches, however they come home", "[unit][through]") {
  Through step;
  for (auto id = 1; id <= 3; ++id) {
    step.push(id);
    CHECK(run(*step.chain) == Chain::State::idle);
  }
  CHECK(step.chain->awaits_outside());
  step.partner().overtake(2);
  step.chain->wake(1);
  run(*step.chain);
  CHECK(step.output.text(0) == "");
  step.partner().overtake(1);
  step.chain->wake(1);
  run(*step.chain);
  CHECK(step.output.text(0) == "");
  step.let_go(1);
  CHECK(step.output.text(0) == "1 2 3");
  CHECK_FALSE(step.chain->awaits_outside());
}

TEST_CASE("no more batches are out than the step allows, answers without room included",
          "[unit][through]") {
  Through step{with_requests(2)};
  step.push(1);
  run(*step.chain);
  step.push(2);
  CHECK(run(*step.chain) == Chain::State::idle);
  CHECK(step.partner().waiting() == 2);
  // Two are out: the third waits in the step, the others before it, and then nothing is taken.
  for (auto id = 3; id <= 5; ++id) {
    step.push(id);
    CHECK(run(*step.chain) == Chain::State::blocked);
  }
  CHECK_FALSE(step.chain->accepts(0));
  step.output.set_room(0, 1);
  CHECK(step.let_go(2) == Chain::State::blocked);
  // 1 has made room for 3; 2 is home and has none.
  CHECK(step.partner().waiting() == 1);
  CHECK(step.output.text(0) == "1");
  CHECK(step.let_go(1) == Chain::State::blocked);
  step.output.set_room(0, std::nullopt);
  run(*step.chain);
  step.let_go(1);
  step.let_go(2);
  CHECK(step.output.text(0) == "1 2 3 4 5");
  CHECK(step.script->most_out == 2);
}

TEST_CASE("one batch larger than all that may be out is let out alone", "[unit][through]") {
  ThroughSpec spec;
  spec.bytes = ByteCount{1};
  Through step{spec};
  step.push(1);
  CHECK(run(*step.chain) == Chain::State::idle);
  step.push(2);
  CHECK(run(*step.chain) == Chain::State::blocked);
  CHECK(step.partner().waiting() == 1);
  step.let_go(2);
  CHECK(step.partner().waiting() == 1);
  step.let_go(1);
  CHECK(step.output.text(0) == "1 2");
}

TEST_CASE("restored behind its end, it rests, and its state is in the next snapshot",
          "[unit][through]") {
  Through step;
  step.script->answer = remembered;
  step.push(1);
  run(*step.chain);
  step.chain->push_end(0);
  run(*step.chain);
  REQUIRE(step.let_go(1) == Chain::State::ended);
  const auto taken = [&] {
    ChainSnapshot snapshot;
    snapshot.parts.resize(2);
    REQUIRE(step.chain->begin_snapshot({7}, snapshot.sinks()));
    for (auto turns = 0; turns < 10; ++turns) {
      if (step.chain->copy_out(snapshot.sinks(), 1_KiB).value() == Progress::done) return snapshot;
      step.let_go(1);
    }
    FAIL("the snapshot does not end");
    return snapshot;
  };
  for (auto restores = 0; restores < 2; ++restores) {
    const auto snapshot = taken();
    step.script->log.clear();
    step.open();
    REQUIRE(ChainSnapshot::restore(*step.chain, {snapshot}));
    step.chain->wake(0);
    step.chain->wake(1);
    CHECK(run(*step.chain) == Chain::State::ended);
    // What waits for the chain to rest, such as a last barrier, need not wait.
    CHECK_FALSE(step.chain->awaits_outside());
  }
  (void)taken();
  CHECK(step.script->log == std::vector<std::string>{"give 1", "ask 7"});
}

TEST_CASE("a deadline that passes without room for the output is noticed once, and again with room",
          "[unit][through]") {
  ThroughSpec spec;
  spec.timeout = Micros{5'000};
  Through step{spec};
  step.push(1);
  run(*step.chain);
  REQUIRE(step.chain->next_wakeup());
  step.output.set_room(0, 0);
  step.world.clock.advance(std::chrono::milliseconds{6});
  CHECK(run(*step.chain) == Chain::State::blocked);
  // Waking it would change nothing: whoever steps at next_wakeup() would do nothing else.
  CHECK_FALSE(step.chain->next_wakeup());
  step.output.set_room(0, std::nullopt);
  CHECK(step.error().code() == Errc::actor_timeout);
}

TEST_CASE("what is owed is charged with the memory it keeps, and keeps little more than it is",
          "[unit][through]") {
  Through step;
  // One row that is a slice of a large message.
  const auto message = Buffer::allocate(*step.world.pool, 1 << 20);
  const auto sliced = [&](std::int64_t id) {
    auto batch = step.world.rows({{id, at(id)}});
    auto columns = batch.columns();
    auto values = message.slice(64, sizeof(id));
    std::memcpy(values.mutable_as<std::int64_t>(), columns[0].values.as<std::int64_t>().data(),
                sizeof(id));
    columns[0].values = std::move(values);
    return batch.with_columns(batch.schema(), std::move(columns));
  };
  REQUIRE(sliced(7).retained_bytes() >= 1 << 20);
  step.script->answer = [&](const Batch& batch, std::string&) {
    CHECK(batch.retained_bytes() < 16 << 10);
    return sliced(8);
  };
  step.chain->push_batch(0, sliced(7));
  run(*step.chain);
  const auto out = step.chain->counters()[1].state_bytes;
  CHECK(out >= step.world.rows({{7, at(7)}}).byte_size());
  CHECK(out < 16 << 10);
  step.output.set_room(0, 0);
  step.let_go(1);
  step.output.set_room(0, std::nullopt);
  run(*step.chain);
  CHECK(step.output.text(0) == "8");
}

TEST_CASE("an actor without state is warned of by name, once", "[unit][through]") {
  Through step;
  step.script->has_state = false;
  for (auto epoch = 1; epoch <= 2; ++epoch) {
    ChainSnapshot snapshot;
    snapshot.parts.resize(2);
    REQUIRE(step.chain->begin_snapshot({static_cast<std::uint64_t>(epoch)}, snapshot.sinks()));
    step.let_go(1);
    while (step.chain->copy_out(snapshot.sinks(), 1_KiB).value() == Progress::more) step.let_go(1);
  }
  REQUIRE(step.warnings->lines.size() == 1);
  CHECK(step.warnings->lines.front().find("'actor'") != std::string::npos);
}

TEST_CASE("a watermark is forwarded behind the answers of the batches before it",
          "[unit][through]") {
  Through step;
  step.push(1);
  run(*step.chain);
  step.chain->push_watermark(0, at(5));
  run(*step.chain);
  step.push(6);
  run(*step.chain);
  step.chain->push_watermark(0, at(7));
  run(*step.chain);
  CHECK(step.output.text(0).find("w5") == std::string::npos);
  CHECK(step.partner().waiting() == 2);
  step.let_go(1);
  CHECK(step.output.text(0).ends_with("1 w5"));
  step.let_go(1);
  CHECK(step.output.text(0).ends_with("1 w5 6 w7"));
  step.chain->push_watermark(0, at(9));
  run(*step.chain);
  CHECK(step.output.text(0).ends_with("6 w7 w9"));
}

TEST_CASE("idleness and the end wait until everything is home", "[unit][through]") {
  Through step;
  step.push(1);
  run(*step.chain);
  step.chain->push_idle(0);
  CHECK(run(*step.chain) == Chain::State::blocked);
  CHECK(step.output.text(0).find("idle") == std::string::npos);
  step.let_go(1);
  CHECK(step.output.text(0).ends_with("1 idle"));
  step.push(2);
  run(*step.chain);
  step.chain->push_end(0);
  CHECK(run(*step.chain) == Chain::State::blocked);
  CHECK(step.let_go(1) == Chain::State::ended);
  CHECK(step.output.text(0).ends_with("end"));
}

TEST_CASE("a snapshot holds the state of exactly the batches before it, and what they are owed",
          "[unit][through]") {
  Through step{with_requests(2)};
  step.script->answer = [](const Batch& batch, std::string& state) {
    state += std::to_string(id_rows(batch).front().id);
    return batch;
  };
  for (auto id = 1; id <= 3; ++id) {
    step.push(id);
    run(*step.chain);
  }
  // 1 and 2 are out, 3 waits in the step.
  ChainSnapshot snapshot;
  snapshot.parts.resize(2);
  REQUIRE(step.chain->begin_snapshot({7}, snapshot.sinks()));
  REQUIRE(step.chain->copy_out(snapshot.sinks(), 1_KiB).value() == Progress::more);
  CHECK(step.chain->copy_waits_outside());
  CHECK(step.script->log == std::vector<std::string>{"batch", "batch"});
  step.let_go(1);
  CHECK(step.output.text(0) == "1");
  // 1 has made room, but nothing is sent before the state has come.
  CHECK(step.script->log == std::vector<std::string>{"batch", "batch"});
  step.let_go(1);
  CHECK(step.script->log == std::vector<std::string>{"batch", "batch", "ask 7"});
  REQUIRE(step.chain->copy_out(snapshot.sinks(), 1_KiB).value() == Progress::more);
  CHECK(step.chain->copy_waits_outside());
  step.let_go(1);
  CHECK_FALSE(step.chain->copy_waits_outside());
  CHECK(step.script->log == std::vector<std::string>{"batch", "batch", "ask 7", "batch"});
  REQUIRE(step.chain->copy_out(snapshot.sinks(), 1_KiB).value() == Progress::done);

  step.output.clear();
  step.script->log.clear();
  step.open();
  std::vector<MemorySnapshotSource> sources;
  for (const auto& part : snapshot.parts) sources.emplace_back(part);
  REQUIRE(step.chain->restore({&sources[0], &sources[1]}));
  step.chain->wake(1);
  run(*step.chain);
  CHECK(step.script->log == std::vector<std::string>{"give 12"});
  // The answers of 1 and 2 were not downstream's at the barrier; 3 is sent once the state is back.
  CHECK(step.output.text(0) == "1 2");
  step.let_go(1);
  CHECK(step.script->log == std::vector<std::string>{"give 12", "batch"});
  step.let_go(1);
  CHECK(step.output.text(0) == "1 2 3");
}

TEST_CASE("a partner that does not know the question for its state has none, and is asked once",
          "[unit][through]") {
  Through step;
  step.script->has_state = false;
  step.script->answers_at_once = true;
  ChainSnapshot::take(*step.chain, 2, {1});
  ChainSnapshot::take(*step.chain, 2, {2});
  CHECK(step.script->log == std::vector<std::string>{"ask 1"});
}

TEST_CASE("state that nobody takes back, or that is not given any more, is an error",
          "[unit][through]") {
  Through step;
  step.script->answers_at_once = true;
  step.script->answer = [](const Batch& batch, std::string& state) {
    state = "known";
    return batch;
  };
  step.push(1);
  run(*step.chain);
  step.let_go(0);
  const auto snapshot = ChainSnapshot::take(*step.chain, 2);
  step.script->has_state = false;
  SECTION("given") {
    ChainSnapshot second;
    second.parts.resize(2);
    REQUIRE(step.chain->begin_snapshot({2}, second.sinks()));
    const auto copied = step.chain->copy_out(second.sinks(), 1_KiB);
    REQUIRE_FALSE(copied);
    CHECK(copied.error().code() == Errc::actor_state_lost);
  }
  SECTION("taken back") {
    step.open();
    std::vector<MemorySnapshotSource> sources;
    for (const auto& part : snapshot.parts) sources.emplace_back(part);
    REQUIRE(step.chain->restore({&sources[0], &sources[1]}));
    step.chain->wake(1);
    CHECK(step.error().code() == Errc::actor_state_lost);
  }
}

TEST_CASE("a batch without answer fails the step when its time is over", "[unit][through]") {
  ThroughSpec spec;
  spec.timeout = Micros{2'000'000};
  Through step{spec};
  step.push(1);
  run(*step.chain);
  REQUIRE(step.chain->next_wakeup());
  CHECK(*step.chain->next_wakeup() == step.world.clock.wall() + Micros{2'000'000});
  step.world.clock.jump_wall(Micros{60'000'000});
  CHECK(run(*step.chain) == Chain::State::idle);
  step.world.clock.advance(std::chrono::seconds{1});
  CHECK(run(*step.chain) == Chain::State::idle);
  const auto interrupted = GENERATE(false, true);
  if (interrupted) step.chain->push_end(0);
  step.world.clock.advance(std::chrono::seconds{2});
  const auto error = step.error();
  CHECK(error.code() == Errc::actor_timeout);
  CHECK(error.to_line().find("actor of 'actor' (subtask 0/1)") != std::string::npos);
}

TEST_CASE("an answer of other columns is refused, with what was expected and what came",
          "[unit][through]") {
  Through step;
  step.script->answers_at_once = true;
  step.script->answer = [](const Batch&, std::string&) { return batch("x:string", {{"a"}}); };
  step.push(1);
  run(*step.chain);
  step.chain->wake(1);
  const auto error = step.error();
  CHECK(error.code() == Errc::bad_actor_answer);
  CHECK(error.to_line().find("got {x: string}") != std::string::npos);
  CHECK(error.to_line().find("'actor' (subtask 0/1)") != std::string::npos);
}

TEST_CASE("an error as answer is the step's", "[unit][through]") {
  Through step;
  step.push(1);
  run(*step.chain);
  step.partner().fail(0, Error{Errc::actor_failed, "no more"});
  step.partner().let_go(1);
  step.chain->wake(1);
  CHECK(step.error().code() == Errc::actor_failed);
}

TEST_CASE("rows of a selection come back as they went", "[unit][through]") {
  Through step;
  step.script->answers_at_once = true;
  const auto rows = step.world.rows({{1, at(1)}, {2, at(2)}, {3, at(3)}});
  step.chain->push_batch(0, select(rows, {0, 2}));
  run(*step.chain);
  step.let_go(0);
  const auto got = step.output.batches(0);
  REQUIRE(got.size() == 1);
  CHECK(row_texts(got.front()) == row_texts(select(rows, {0, 2})));
}

}  // namespace flow::testing
