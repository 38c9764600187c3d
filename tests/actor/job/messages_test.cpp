// What loss, doubling and lateness do to the messages between subtasks.
#include "support/catch.hpp"
#include "support/runtime/ledger_sink.hpp"
#include "support/runtime/numbers_source.hpp"
#include "support/runtime/plans.hpp"
#include "support/runtime/step_world.hpp"
#include "support/seed.hpp"

#include <map>
#include <utility>
#include <vector>

using namespace flow;
using namespace flow::testing;
using namespace flow::actors;

namespace {

constexpr std::uint64_t kRows = 3'000;

ExecutionPlan plan_into(Ledger& ledger) {
  Numbers numbers;
  numbers.rows = kRows;
  numbers.rows_per_batch = 20;
  numbers.bytes_per_row = 200;
  numbers.keys = 50;
  auto plan = PlanBuilder{"job"}
                  .source("numbers", numbers_source(numbers), 2)
                  .exchange(Exchange::hash, {0}, 3)
                  .sink("out", ledger_sink(ledger))
                  .build();
  plan.checkpoints.directory = "snapshots";
  plan.checkpoints.interval = Micros{10'000};
  plan.checkpoints.timeout = Micros{1'000'000};
  return plan;
}

RuntimeOptions options_with(WireMode wire) {
  RuntimeOptions options;
  options.wire = wire;
  options.input_budget = 64_KiB;
  return options;
}

bool is_frame(const caf::mailbox_element& message) {
  return content_of<FrameMsg>(message) != nullptr || content_of<WireFrameMsg>(message) != nullptr;
}

}  // namespace

TEST_CASE("a frame that is lost is noticed by the next one and restarts the job",
          "[actor][messages]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  const auto first = test_seed();
  for (auto seed = first; seed < first + 10; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    std::size_t frames = 0;
    const auto lost = 3 + world.random().below(40);
    world.on_message = [&](Actor&, const caf::mailbox_element& message) -> std::size_t {
      return is_frame(message) && ++frames == lost ? 0 : 1;
    };
    std::optional<Errc> cause;
    world.on_event = [&](const JobEvent& event) {
      if (event.kind == JobEvent::Kind::attempt_failed) cause = event.error->code();
    };
    const auto result = world.run(plan_into(ledger), options_with(wire));
    REQUIRE(result);
    REQUIRE(frames > lost);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(result->progress.restarts == 1);
    REQUIRE(cause == Errc::channel_gap);
    REQUIRE(ledger.rows().size() == kRows);
  }
}

TEST_CASE("frames and credits that come twice change nothing", "[actor][messages]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  const auto first = test_seed();
  for (auto seed = first; seed < first + 10; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    std::size_t doubled = 0;
    world.on_message = [&](Actor&, const caf::mailbox_element& message) -> std::size_t {
      if (!is_frame(message) && content_of<CreditMsg>(message) == nullptr) return 1;
      ++doubled;
      return 2;
    };
    const auto result = world.run(plan_into(ledger), options_with(wire));
    REQUIRE(result);
    REQUIRE(doubled > 0);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(result->progress.restarts == 0);
    REQUIRE(ledger.rows().size() == kRows);
  }
}

TEST_CASE("credits that are lost are made good", "[actor][messages]") {
  const auto first = test_seed();
  std::size_t lost = 0;
  for (auto seed = first; seed < first + 20; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    world.on_message = [&](Actor&, const caf::mailbox_element& message) -> std::size_t {
      if (content_of<CreditMsg>(message) == nullptr || world.random().below(2) != 0) return 1;
      ++lost;
      return 0;
    };
    const auto result = world.run(plan_into(ledger), options_with(WireMode::automatic));
    REQUIRE(result);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(result->progress.restarts == 0);
    REQUIRE(ledger.rows().size() == kRows);
  }
  CHECK(lost > 100);
}

namespace {

/// Keeps what the actors of one attempt were told, and tells it those of the next.
class Echo {
 public:
  std::size_t on_message(Actor& to, const caf::mailbox_element& message) {
    if (const auto* connect = content_of<ConnectMsg>(message)) meet(*connect);
    const auto place = places_.find(to.id());
    if (place == places_.end() || !is_kept(message)) return 1;
    const auto [attempt, role] = place->second;
    if (attempt == 1) {
      if (kept_[role].size() < 50)
        kept_[role].emplace_back(message.mid, message.copy_content_to_message());
      return 1;
    }
    for (auto& [mid, content] : std::exchange(kept_[role], {})) {
      ++echoed;
      to.enqueue_untapped(caf::make_mailbox_element(nullptr, mid, {}, std::move(content)), nullptr);
    }
    return 1;
  }
  std::size_t echoed = 0;

 private:
  using Attempts = std::uint64_t;
  void meet(const ConnectMsg& connect) {
    for (std::size_t i = 0; i < connect.subtasks.size(); ++i)
      places_.try_emplace(connect.subtasks[i].id(), Attempts{connect.attempt.value}, i);
    places_.try_emplace(connect.coordinator.id(), Attempts{connect.attempt.value}, 1'000);
  }
  static bool is_kept(const caf::mailbox_element& message) {
    return is_frame(message) || content_of<CreditMsg>(message) != nullptr ||
           content_of<AcknowledgeMsg>(message) != nullptr ||
           content_of<CommitMsg>(message) != nullptr ||
           content_of<CommittedMsg>(message) != nullptr ||
           content_of<TriggerMsg>(message) != nullptr || content_of<GoMsg>(message) != nullptr ||
           content_of<SplitsMsg>(message) != nullptr;
  }

  std::map<ActorId, std::pair<Attempts, std::size_t>> places_;
  std::map<std::size_t, std::vector<std::pair<caf::message_id, caf::message>>> kept_;
};

}  // namespace

TEST_CASE("messages of another attempt are dropped and counted", "[actor][messages]") {
  const auto wire = GENERATE(WireMode::automatic, WireMode::always);
  const auto first = test_seed();
  for (auto seed = first; seed < first + 10; ++seed) {
    INFO("seed " << seed);
    Ledger ledger;
    StepWorld world{seed};
    Echo echo;
    world.on_message = [&](Actor& to, const caf::mailbox_element& message) {
      return echo.on_message(to, message);
    };
    std::size_t barriers = 0;
    world.failures.on_hit = [&](std::string_view point) -> Status {
      if (point != "barrier.before_acknowledge" || ++barriers != 12) return {};
      return Error{Errc::injected, "injected failure"};
    };
    const auto result = world.run(plan_into(ledger), options_with(wire));
    REQUIRE(result);
    REQUIRE(result->state == JobState::finished);
    REQUIRE(result->progress.restarts == 1);
    REQUIRE(ledger.rows().size() == kRows);
    REQUIRE(echo.echoed > 20);
    REQUIRE(result->progress.dropped_messages > 10);
  }
}
