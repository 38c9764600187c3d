// Jobs with actors in them on real threads, in an actor system of the program's own.
#include "user_actors.hpp"

#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/temp_dir.hpp"

#include <caf/scoped_actor.hpp>

#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

using namespace flow;
using namespace flow::testing;
using namespace std::chrono_literals;

namespace {

struct World {
  std::unique_ptr<FileSystem> files = make_posix_file_system();
  SystemClock clock;
  std::unique_ptr<Log> log =
      make_stderr_log(std::getenv("FLOW_TEST_LOG") != nullptr ? LogLevel::debug : LogLevel::error);
  std::unique_ptr<FailurePoints> failure_points = make_no_failure_points();
  [[nodiscard]] actors::RuntimeWorld refs() { return {*files, clock, *log, *failure_points}; }
};

ExecutionPlan summing_plan(Ledger& ledger, std::shared_ptr<ActorsLog> log, bool bounded) {
  Numbers numbers;
  numbers.rows = 30'000;
  numbers.splits = 1;
  numbers.bounded = bounded;
  auto spec = through([log](Node& node) { return node.spawn(summing, log); }, summed_fields());
  spec.requests = 8;
  spec.timeout = Micros{60'000'000};
  return PlanBuilder{"summed"}
      .source("numbers", numbers_source(numbers), 1)
      .op("enrich", std::move(spec))
      .exchange(Exchange::rebalance, {}, 2)
      .sink("out", ledger_sink(ledger))
      .build();
}

}  // namespace

// Sliced to its base, a handle would let go of the job.
static_assert(!std::is_convertible_v<JobHandle, actors::JobHandle>);
static_assert(!std::is_assignable_v<actors::JobHandle&, JobHandle>);

TEST_CASE("through failures on real threads every row comes once, with the right sum",
          "[actor][through]") {
  World world;
  Ledger undisturbed;
  {
    ActorSystemConfig config{2};
    caf::actor_system system{config};
    auto job = actors::run_in(system, {}, world.refs(),
                              summing_plan(undisturbed, std::make_shared<ActorsLog>(), true));
    const auto result = job.wait_for(60s);
    REQUIRE(result);
    INFO((result->error ? render(*result->error) : std::string{}));
    REQUIRE(result->state == actors::JobState::finished);
  }
  REQUIRE(undisturbed.rows().size() == 30'000);

  TempDir dir;
  Ledger ledger;
  auto failures =
      parse_failure_points("barrier.before_acknowledge=error@5,barrier.after_forward=error@20");
  REQUIRE(failures);
  world.failure_points = *std::move(failures);
  const auto log = std::make_shared<ActorsLog>();
  auto plan = summing_plan(ledger, log, true);
  plan.checkpoints.directory = (dir.path() / "state").string();
  plan.checkpoints.interval = Micros{1'000};
  plan.restart.initial = Micros{1'000};
  ActorSystemConfig config{2};
  caf::actor_system system{config};
  auto job = actors::run_in(system, {}, world.refs(), std::move(plan));
  const auto result = job.wait_for(60s);
  REQUIRE(result);
  INFO((result->error ? render(*result->error) : std::string{}));
  REQUIRE(result->state == actors::JobState::finished);
  CHECK(result->progress.restarts >= 1);
  CHECK(ledger.sorted_rows() == undisturbed.sorted_rows());
  CHECK(log->count("began") == result->progress.restarts + 1);
  CHECK(log->count("ended") == log->count("began"));
}

TEST_CASE("a job is an actor: it answers its status, tells its events and stops when it is told to",
          "[actor][through]") {
  World world;
  Ledger ledger;
  ActorSystemConfig config{2};
  caf::actor_system system{config};
  {
    auto job = actors::run_in(system, {}, world.refs(),
                              summing_plan(ledger, std::make_shared<ActorsLog>(), false));
    caf::scoped_actor self{system};
    self->request(job.actor(), 10s, subscribe_atom_v, caf::actor_cast<caf::actor>(self))
        .receive([] {}, [](caf::error&) { FAIL("no subscription"); });
    // Asked until the rows are through: the source never ends.
    actors::JobProgress progress;
    while (progress.rows_out < 30'000)
      self->request(job.actor(), 10s, status_atom_v)
          .receive([&](actors::JobProgress& now) { progress = now; },
                   [](caf::error&) { FAIL("no status"); });
    CHECK(progress.state == actors::JobState::running);
    self->request(job.actor(), 10s, stop_atom_v)
        .receive([] {}, [](caf::error&) { FAIL("no stop"); });
    std::vector<actors::JobState> states;
    while (states.empty() || !actors::is_final(states.back())) {
      self->receive([&](const actors::JobEvent& event) {
        if (event.kind == actors::JobEvent::Kind::state_changed) states.push_back(event.state);
      });
    }
    CHECK(states.back() == actors::JobState::stopped);
    const auto result = job.wait_for(10s);
    REQUIRE(result);
    CHECK(result->state == actors::JobState::stopped);
    self->request(job.actor(), 10s, status_atom_v)
        .receive([&](actors::JobProgress& now) { CHECK(now.state == actors::JobState::stopped); },
                 [](caf::error&) { FAIL("no status after the end"); });
    self->request(job.actor(), 10s, caf::ok_atom::value)
        .receive([] { FAIL("understood"); },
                 [](caf::error& error) { CHECK(error == caf::sec::unexpected_message); });
  }
  CHECK(ledger.rows().size() == 30'000);
}

TEST_CASE("the last handle that goes cancels a job that still runs", "[actor][through]") {
  World world;
  Ledger ledger;
  ActorSystemConfig config{2};
  caf::actor_system system{config};
  const auto log = std::make_shared<ActorsLog>();
  { auto job = actors::run_in(system, {}, world.refs(), summing_plan(ledger, log, false)); }
  CHECK(log->count("began") == log->count("ended"));
  CHECK(ledger.rows().empty());
}

TEST_CASE("the world of a job is kept for an actor that blocks, also when all handles are gone",
          "[actor][through]") {
  auto world = std::make_shared<World>();
  const std::weak_ptr<World> watched = world;
  Ledger ledger;
  std::promise<void> blocked;
  std::promise<void> open;
  const auto opened = open.get_future().share();
  ActorSystemConfig config{2};
  std::optional<caf::actor_system> system{std::in_place, config};
  {
    Numbers numbers;
    numbers.rows = 10;
    numbers.splits = 1;
    numbers.bounded = false;
    auto plan = PlanBuilder{"blocked"}
                    .source("numbers", numbers_source(numbers), 1)
                    .op("enrich", through([&](Node& node) {
                          return node.spawn([&](caf::event_based_actor*) -> caf::behavior {
                            return {[&, first = true](Batch& batch) mutable {
                              if (std::exchange(first, false)) blocked.set_value();
                              opened.wait();
                              return std::move(batch);
                            }};
                          });
                        }))
                    .sink("out", ledger_sink(ledger))
                    .build();
    actors::RuntimeOptions options;
    options.lifecycle_timeout = Micros{200'000};
    const auto refs = world->refs();
    auto job = actors::run_in(*system, options, refs, std::move(plan), {}, std::move(world));
    REQUIRE(blocked.get_future().wait_for(30s) == std::future_status::ready);
    job.cancel();
    const auto result = job.wait_for(30s);
    REQUIRE(result);
    REQUIRE(result->error);
    CHECK(result->error->code() == Errc::stop_timeout);
  }
  const auto kept = !watched.expired();
  open.set_value();
  CHECK(kept);
  system.reset();
  CHECK(watched.expired());
}

TEST_CASE("an actor system of another configuration is refused with what to do",
          "[actor][through]") {
  World world;
  Ledger ledger;
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto job = actors::run_in(system, {}, world.refs(),
                            summing_plan(ledger, std::make_shared<ActorsLog>(), true));
  const auto result = job.wait_for(0ms);
  REQUIRE(result);
  REQUIRE(result->error);
  CHECK(result->error->code() == Errc::runtime_start_failed);
  CHECK(result->error->remedy().find("ActorSystemConfig") != std::string::npos);
}
