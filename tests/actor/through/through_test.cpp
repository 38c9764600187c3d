// Actors in the graph, with the whole runtime on CAF's test scheduler: one message at a time, time
// by hand, failures where a test wants them.
#include "user_actors.hpp"

#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/step_runtime.hpp"
#include "support/seed.hpp"

#include <caf/exit_reason.hpp>

using namespace flow;
using namespace flow::testing;

namespace {

struct World {
  explicit World(std::uint64_t seed) : files{mix64(seed + 1)}, clock{mix64(seed + 2)} {}

  actors::JobResult run(ExecutionPlan plan, std::uint64_t seed) {
    actors::RuntimeOptions options;
    options.step_budget = std::chrono::microseconds{200};
    options.wire = wire;
    StepRuntime runtime{{files, clock, *log, failures}, options, mix64(seed)};
    const auto board = runtime.run(std::move(plan), {}, [this](const actors::JobEvent& event) {
      if (event.kind != actors::JobEvent::Kind::attempt_failed || !event.error) return;
      // Simulated time leaps, so that an attempt may not start in time.
      if (event.error->code() == Errc::start_timeout) return;
      ++failed;
      causes += render(*event.error) + "\n";
    });
    auto result = runtime.finish(board);
    REQUIRE(result);
    if (result->error) error = render(*result->error);
    return *std::move(result);
  }

  SimulatedFileSystem files;
  TickingClock clock;
  std::unique_ptr<Log> log = make_null_log();
  SimulatedFailures failures;
  actors::WireMode wire = actors::WireMode::automatic;
  Ledger ledger;
  std::string error;
  std::string causes;  // of all failed attempts
  unsigned failed = 0;
};

Numbers few_numbers() {
  Numbers numbers;
  numbers.rows = 300;
  numbers.splits = 1;
  numbers.rows_per_batch = 7;
  return numbers;
}

ExecutionPlan plan_of(Ledger& ledger, ThroughSpec spec, bool exchanged = false) {
  PlanBuilder builder{"through"};
  builder.source("numbers", numbers_source(few_numbers()), 1);
  if (exchanged) builder.exchange(Exchange::hash, {0}, 2);
  builder.op("enrich", std::move(spec));
  if (exchanged) builder.exchange(Exchange::rebalance, {}, 1);
  builder.sink("out", ledger_sink(ledger));
  auto plan = builder.build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{1'500};
  return plan;
}

using Behaviour = caf::behavior (*)(caf::event_based_actor*, std::shared_ptr<ActorsLog>);

ThroughSpec summed_by(Behaviour behaviour, std::shared_ptr<ActorsLog> log) {
  return through([behaviour, log](Node& node) { return node.spawn(behaviour, log); },
                 summed_fields());
}

std::vector<std::string> undisturbed(Behaviour behaviour) {
  World world{1};
  const auto result =
      world.run(plan_of(world.ledger, summed_by(behaviour, std::make_shared<ActorsLog>())), 1);
  INFO(world.error);
  REQUIRE(result.state == actors::JobState::finished);
  auto rows = world.ledger.sorted_rows();
  REQUIRE(rows.size() == 300);
  return rows;
}

}  // namespace

TEST_CASE("whatever fails, an actor's state goes on where the rows do", "[actor][through]") {
  const auto behaviour = GENERATE(summing, dawdling);
  const auto expected = undisturbed(behaviour);
  auto restarts = 0u;
  auto snapshots = std::size_t{0};
  for (auto seed = test_seed(); seed < test_seed() + 25; ++seed) {
    INFO("seed " << seed);
    World world{seed};
    world.wire = seed % 3 == 0 ? actors::WireMode::always : actors::WireMode::automatic;
    Random random{mix64(seed + 3)};
    auto left = 1 + random.below(4);
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (left == 0 || random.below(40) != 0) return {};
      --left;
      return Error{Errc::injected, "injected failure"}.with_cause(std::string{point});
    };
    const auto log = std::make_shared<ActorsLog>();
    const auto result = world.run(plan_of(world.ledger, summed_by(behaviour, log)), seed);
    INFO(world.error);
    REQUIRE(result.state == actors::JobState::finished);
    REQUIRE(world.ledger.sorted_rows() == expected);
    REQUIRE(log->count("asked too early") == 0);
    restarts += result.progress.restarts;
    snapshots += log->count("asked");
  }
  CHECK(restarts > 10);
  CHECK(snapshots > 50);
}

TEST_CASE("an actor is ended with its attempt, before the next one begins", "[actor][through]") {
  World world{5};
  auto hits = 0;
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point != "barrier.after_forward" || ++hits != 4) return {};
    return Error{Errc::injected, "injected failure"};
  };
  const auto log = std::make_shared<ActorsLog>();
  const auto result = world.run(plan_of(world.ledger, summed_by(summing, log)), 5);
  REQUIRE(result.state == actors::JobState::finished);
  CHECK(world.failed == 1);
  CHECK(log->count("restored") > 0);
  std::vector<std::string> lives;
  for (const auto& line : log->lines)
    if (line == "began" || line == "ended") lives.push_back(line);
  REQUIRE(lives.size() >= 4);
  REQUIRE(lives.size() % 2 == 0);
  for (std::size_t i = 0; i < lives.size(); ++i)
    CHECK(lives[i] == (i % 2 == 0 ? "began" : "ended"));
}

TEST_CASE("an actor that does not want to end is made to", "[actor][through]") {
  World world{6};
  auto hits = 0;
  world.failures.on_hit = [&](std::string_view point) -> Status {
    if (point != "barrier.after_forward" || ++hits != 2) return {};
    return Error{Errc::injected, "injected failure"};
  };
  const auto log = std::make_shared<ActorsLog>();
  auto spec = through([log](Node& node) {
    return node.spawn(
        [](caf::event_based_actor* self, std::shared_ptr<ActorsLog> log_) -> caf::behavior {
          self->set_exit_handler([log_](caf::exit_msg&) { log_->add("refused"); });
          self->attach_functor([log_] { log_->add("ended"); });
          return {[](Batch& batch) { return std::move(batch); }};
        },
        log);
  });
  const auto result = world.run(plan_of(world.ledger, std::move(spec)), 6);
  CHECK(result.state == actors::JobState::finished);
  CHECK(world.failed == 1);
  CHECK(log->count("refused") >= 2);
  CHECK(log->count("ended") == log->count("refused"));
  CHECK(world.ledger.rows().size() == 300);
}

TEST_CASE("the end of an actor is the subtask's failure, with its exit reason and the step's name",
          "[actor][through]") {
  World world{7};
  auto plan = plan_of(world.ledger, through([](Node& node) {
                        return node.spawn([](caf::event_based_actor* self) -> caf::behavior {
                          return {[self](Batch& batch) {
                            self->quit(caf::exit_reason::user_shutdown);
                            return std::move(batch);
                          }};
                        });
                      }),
                      true);
  plan.restart.attempts = 2;
  const auto result = world.run(std::move(plan), 7);
  CHECK(result.state == actors::JobState::failed);
  REQUIRE(result.error);
  CHECK(result.error->code() == Errc::actor_failed);
  CHECK(result.error->to_line().find("'enrich'") != std::string::npos);
  CHECK(result.error->to_line().find("user_shutdown") != std::string::npos);
  CHECK(result.progress.restarts == 2);
}

TEST_CASE("an actor that dies once is replaced, and every row comes once", "[actor][through]") {
  const auto expected = undisturbed(summing);
  World world{9};
  const auto log = std::make_shared<ActorsLog>();
  auto spec = through(
      [log, fail = std::make_shared<bool>(true)](Node& node) {
        auto inner = node.spawn(summing, log);
        return node.spawn([inner, fail](caf::event_based_actor* self) -> caf::behavior {
          auto seen = std::make_shared<int>(0);
          return {
              [=](const Batch& batch) -> caf::result<caf::message> {
                if (*fail && ++*seen == 20) {
                  *fail = false;
                  throw std::runtime_error("a fault of its own");
                }
                return self->delegate(inner, batch);
              },
              [=](snapshot_atom atom, Epoch epoch) { return self->delegate(inner, atom, epoch); },
              [=](restore_atom atom, const std::string& state) {
                return self->delegate(inner, atom, state);
              },
          };
        });
      },
      summed_fields());
  const auto result = world.run(plan_of(world.ledger, std::move(spec)), 9);
  INFO(world.error);
  REQUIRE(result.state == actors::JobState::finished);
  INFO(world.causes);
  CHECK(world.failed == 1);
  CHECK(world.causes.find("a fault of its own") != std::string::npos);
  CHECK(world.ledger.sorted_rows() == expected);
}

TEST_CASE("what is wrong with an answer is said with the step, expected and got",
          "[actor][through]") {
  World world{11};
  auto code = Errc::bad_actor_answer;
  std::string got;
  ThroughSpec spec;
  SECTION("rows of another form") {
    spec = through([](Node& node) { return node.spawn(echoing); }, summed_fields());
    got = "sum: int64}, got {k:";
  }
  SECTION("no batch at all") {
    spec = through([](Node& node) {
      return node.spawn([](caf::event_based_actor*) -> caf::behavior {
        return {[](const Batch&) { return std::string{"no batch"}; }};
      });
    });
    got = "no batch";
  }
  SECTION("batches are not understood") {
    spec = through([](Node& node) {
      return node.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
    });
    got = "does not take batches";
  }
  SECTION("an error that would come again") {
    spec = through([](Node& node) {
      return node.spawn([](caf::event_based_actor*) -> caf::behavior {
        return {[](const Batch&) -> caf::result<Batch> {
          return to_caf(Error{Errc::null_event_time, "a bad row"}.with_remedy("mend it"));
        }};
      });
    });
    code = Errc::actor_failed;
    got = "mend it";
  }
  const auto result = world.run(plan_of(world.ledger, std::move(spec)), 11);
  REQUIRE(result.state == actors::JobState::failed);
  CHECK(result.error->code() == code);
  INFO(world.error);
  CHECK(world.error.find("enrich") != std::string::npos);
  CHECK(world.error.find(got) != std::string::npos);
  CHECK(world.failed == 1);
}

TEST_CASE("an actor that does not answer fails the attempt when its time is over",
          "[actor][through]") {
  World world{13};
  auto spec = through([](Node& node) {
    return node.spawn([](caf::event_based_actor* self) -> caf::behavior {
      auto kept = std::make_shared<std::vector<caf::response_promise>>();
      return {[=](const Batch&) -> caf::result<Batch> {
        auto promise = self->make_response_promise<Batch>();
        kept->push_back(promise);
        return promise;
      }};
    });
  });
  spec.timeout = Micros{3'000'000};
  auto plan = plan_of(world.ledger, std::move(spec));
  plan.restart.policy = RestartSpec::Policy::none;
  const auto result = world.run(std::move(plan), 13);
  REQUIRE(result.state == actors::JobState::failed);
  CHECK(result.error->code() == Errc::actor_timeout);
  INFO(world.error);
  CHECK(world.error.find("'enrich' (subtask 0/1)") != std::string::npos);
}

TEST_CASE("an actor without state is asked for it once, and nothing else changes",
          "[actor][through]") {
  World world{15};
  const auto result = world.run(
      plan_of(world.ledger, through([](Node& node) { return node.spawn(echoing); }), true), 15);
  INFO(world.error);
  CHECK(result.state == actors::JobState::finished);
  CHECK(world.ledger.rows().size() == 300);
  CHECK(result.progress.checkpoints.completed > 1);
}

TEST_CASE("a factory that throws or gives nothing fails the job with the step's name",
          "[actor][through]") {
  World world{17};
  const auto throws = GENERATE(true, false);
  auto plan = plan_of(world.ledger, through([throws](Node&) -> caf::actor {
                        if (throws) throw std::runtime_error("no cache");
                        return {};
                      }));
  plan.restart.policy = RestartSpec::Policy::none;
  const auto result = world.run(std::move(plan), 17);
  REQUIRE(result.state == actors::JobState::failed);
  CHECK(result.error->code() == (throws ? Errc::actor_failed : Errc::bad_through));
  CHECK(world.error.find("enrich") != std::string::npos);
}

TEST_CASE("a job that fails behind its last checkpoint goes on from it and ends",
          "[actor][through]") {
  const auto expected = undisturbed(summing);
  for (auto seed = test_seed(); seed < test_seed() + 5; ++seed) {
    INFO("seed " << seed);
    // The last commit is that of the checkpoint behind the end of all input.
    auto commits = 0;
    for (const auto fails : {false, true}) {
      World world{seed};
      auto hits = 0;
      world.failures.on_hit = [&](std::string_view point) -> Status {
        if (point != "commit.before" || ++hits != commits || !fails) return {};
        return Error{Errc::injected, "injected failure"};
      };
      const auto log = std::make_shared<ActorsLog>();
      const auto result = world.run(plan_of(world.ledger, summed_by(summing, log)), seed);
      INFO(world.causes << world.error);
      REQUIRE(result.state == actors::JobState::finished);
      CHECK(world.failed == (fails ? 1 : 0));
      CHECK(world.ledger.sorted_rows() == expected);
      commits = hits;
    }
  }
}

TEST_CASE("what a factory spawned before it threw, whatever it threw, is ended with the attempt",
          "[actor][through]") {
  World world{19};
  const auto log = std::make_shared<ActorsLog>();
  const auto kept = std::make_shared<std::vector<caf::actor>>();
  auto plan = plan_of(world.ledger, through([log, kept](Node& node) -> caf::actor {
                        kept->push_back(node.spawn(summing, log));
                        throw 42;
                      }));
  plan.restart.policy = RestartSpec::Policy::none;
  const auto result = world.run(std::move(plan), 19);
  REQUIRE(result.state == actors::JobState::failed);
  CHECK(result.error->code() == Errc::actor_failed);
  CHECK(world.error.find("'enrich'") != std::string::npos);
  CHECK(log->count("ended") == 1);
}
