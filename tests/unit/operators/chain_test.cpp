#include "chain_fixture.hpp"

#include "flow/base/check.hpp"

#include <stdexcept>

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

}  // namespace

TEST_CASE("rows and watermarks pass a chain in order, and the end raises the watermark",
          "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("a", {{inside(1)}}));
  links.push_back(link<HoldOperator>("b", {{outside(0)}}));
  auto chain = world.open(std::move(links), {{0, 0}}, output);

  REQUIRE(chain->accepts(0));
  chain->push_batch(0, world.rows({{1, at(10)}, {2, at(30)}}));
  CHECK_FALSE(chain->accepts(0));
  CHECK(run(*chain) == Chain::State::idle);
  chain->push_watermark(0, at(20));
  run(*chain);
  CHECK(output.text(0) == "1 w20");
  chain->push_watermark(0, at(20));
  run(*chain);
  CHECK(output.text(0) == "1 w20");
  chain->push_end(0);
  CHECK(run(*chain) == Chain::State::ended);
  CHECK(output.text(0) == "1 w20 2 wmax end");

  const auto counters = chain->counters();
  CHECK(counters[0].rows_in == 2);
  CHECK(counters[0].rows_out == 2);
  CHECK(counters[1].rows_out == 2);
  CHECK(counters[1].watermark == EventTime::max());
}

TEST_CASE("an operator with more to say waits for room and the watermark waits for it",
          "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<HoldOperator>("a", {{inside(1)}}));
  links.push_back(link<RepeatOperator>("b", {{outside(0)}}, 2));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_batch(0, world.rows({{1, at(1)}, {2, at(2)}}));
  run(*chain);
  output.set_room(0, 1);
  chain->push_watermark(0, at(5));
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(output.text(0) == "1");
  output.set_room(0, 2);
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(output.text(0) == "1 1 2");
  output.set_room(0, std::nullopt);
  CHECK(run(*chain) == Chain::State::idle);
  CHECK(output.text(0) == "1 1 2 2 w5");
}

TEST_CASE("the watermark of several inputs is their minimum; an idle input does not hold it back",
          "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("a", {{outside(0)}}));
  links[0].inputs = 2;
  auto chain = world.open(std::move(links), {{0, 0}, {0, 1}}, output);
  const auto push = [&](auto&& body) {
    body();
    run(*chain);
  };
  push([&] { chain->push_watermark(0, at(10)); });
  CHECK(output.text(0).empty());
  push([&] { chain->push_watermark(1, at(4)); });
  CHECK(output.text(0) == "w4");
  push([&] { chain->push_idle(1); });
  CHECK(output.text(0) == "w4 w10");
  push([&] { chain->push_idle(0); });
  CHECK(output.text(0) == "w4 w10 idle");
  // It goes on: said at once, before the row.
  push([&] { chain->push_batch(1, world.rows({{7, at(4)}})); });
  CHECK(output.text(0) == "w4 w10 idle w10 7");
  push([&] { chain->push_watermark(0, at(20)); });
  CHECK(output.text(0) == "w4 w10 idle w10 7");
  push([&] { chain->push_end(1); });
  CHECK(output.text(0) == "w4 w10 idle w10 7 w20");
  push([&] { chain->push_end(0); });
  CHECK(output.text(0) == "w4 w10 idle w10 7 w20 wmax end");
}

TEST_CASE("a flush goes through the chain first to last, behind what waits", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<GatherOperator>("a", {{inside(1)}}));
  links.push_back(link<GatherOperator>("b", {{outside(0)}}));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_batch(0, world.rows({{1, at(1)}, {2, at(1)}}));
  run(*chain);
  chain->request_flush();
  CHECK(output.text(0).empty());
  CHECK(run(*chain) == Chain::State::idle);
  CHECK(output.text(0) == "1 2");
  // An idle input is a reason to flush, too.
  chain->push_batch(0, world.rows({{3, at(1)}}));
  run(*chain);
  chain->push_idle(0);
  run(*chain);
  CHECK(output.text(0) == "1 2 3 idle");
}

TEST_CASE("rows fan out, and an unread port costs nothing", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{2};
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("a", {{inside(1), inside(2), outside(1)}, {}}));
  links.push_back(link<RepeatOperator>("b", {{inside(3, 0)}}, 2));
  links.push_back(link<PassOperator>("c", {{inside(3, 1)}}));
  links.push_back(link<PassOperator>("d", {{outside(0)}}));
  links[3].inputs = 2;
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_batch(0, world.rows({{5, at(1)}}));
  run(*chain);
  chain->push_end(0);
  CHECK(run(*chain) == Chain::State::ended);
  CHECK(output.text(0) == "5 5 5 wmax end");
  CHECK(output.text(1) == "5 wmax end");
}

TEST_CASE("one full edge stops the operators that feed it and no others", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{2};
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("a", {{outside(0)}}));
  links.push_back(link<PassOperator>("b", {{outside(1)}}));
  auto chain = world.open(std::move(links), {{0, 0}, {1, 0}}, output);
  output.set_room(1, 0);
  chain->push_batch(0, world.rows({{1, at(1)}}));
  chain->push_batch(1, world.rows({{2, at(1)}}));
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(output.text(0) == "1");
  CHECK(output.text(1).empty());
  CHECK(chain->accepts(0));
  CHECK_FALSE(chain->accepts(1));
}

namespace {

/// Refuses rows until woken.
class RefusingOperator final : public OwingOperator {
 public:
  explicit RefusingOperator(int* calls) : calls_{calls} {}
  Result<Progress> on_batch(std::uint32_t, Batch, Collector&) override {
    open_ = false;
    return Progress::more;
  }
  Result<Progress> resume(Collector&) override {
    ++*calls_;
    if (*calls_ < 2) return Progress::more;
    open_ = true;
    return Progress::done;
  }
  [[nodiscard]] bool waits_outside() const override { return !open_; }

 private:
  int* calls_;
  bool open_ = true;
};

/// Wants to be called at a time, says when it was.
class AlarmOperator final : public OwingOperator {
 public:
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector&) override {
    alarm_ = id_rows(batch)[0].at;
    return Progress::done;
  }
  [[nodiscard]] std::optional<EventTime> next_wakeup() const override { return alarm_; }
  Result<Progress> on_processing_time(EventTime now, Collector& out) override {
    alarm_.reset();
    owed_.push_back({(now - Micros{ManualClock::kStart.micros}).micros, now});
    return resume(out);
  }

 private:
  std::optional<EventTime> alarm_;
};

class ThrowingOperator final : public OwingOperator {
 public:
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector&) override {
    switch (id_rows(batch)[0].id) {
      case 1:
        throw std::runtime_error("boom");
      case 2:
        FLOW_CHECK(false, "never");
        break;
      case 3:
        throw 42;
      default:
        break;
    }
    return Error{Errc::bad_argument, "said so"};
  }
};

}  // namespace

TEST_CASE("an operator that waits for the outside is left alone until woken", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  auto calls = 0;
  std::vector<ChainLink> links;
  links.push_back(link<RefusingOperator>("sink", {}, &calls));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_batch(0, world.rows({{1, at(1)}}));
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(calls == 0);
  chain->wake(0);
  CHECK(run(*chain) == Chain::State::blocked);
  CHECK(calls == 1);
  chain->wake(0);
  CHECK(run(*chain) == Chain::State::idle);
  CHECK(calls == 2);
}

TEST_CASE("a wakeup by processing time comes once its time has come", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<AlarmOperator>("a", {{outside(0)}}));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  CHECK_FALSE(chain->next_wakeup());
  const auto alarm = ManualClock::kStart + Micros{2'000};
  chain->push_batch(0, world.rows({{1, alarm}}));
  run(*chain);
  CHECK(chain->next_wakeup() == alarm);
  world.clock.advance(std::chrono::microseconds{1'999});
  run(*chain);
  CHECK(output.text(0).empty());
  world.clock.advance(std::chrono::microseconds{2});
  run(*chain);
  CHECK(output.text(0) == "2001");
  CHECK_FALSE(chain->next_wakeup());
}

TEST_CASE("errors name the operator and exceptions stop at the fence", "[unit][chain]") {
  const auto error_of = [](std::int64_t id) {
    ChainWorld world;
    RecordedOutput output{1};
    std::vector<ChainLink> links;
    links.push_back(link<PassOperator>("fine", {{inside(1)}}));
    links.push_back(link<ThrowingOperator>("wild", {{outside(0)}}));
    auto chain = world.open(std::move(links), {{0, 0}}, output);
    chain->push_batch(0, world.rows({{id, at(1)}}));
    auto state = chain->step(std::chrono::milliseconds{1});
    REQUIRE_FALSE(state);
    CHECK(state.error().context() == std::vector<std::string>{"operator 'wild'"});
    CHECK_FALSE(chain->accepts(0));
    auto again = chain->step(std::chrono::milliseconds{1});
    REQUIRE_FALSE(again);
    CHECK(again.error() == state.error());
    return state.error();
  };
  CHECK(error_of(0).code() == Errc::bad_argument);
  CHECK(error_of(1).code() == Errc::operator_failed);
  CHECK(error_of(1).cause() == "boom");
  CHECK(error_of(2).code() == Errc::internal);
  CHECK(error_of(3).code() == Errc::operator_failed);
}

TEST_CASE("a chain that is put together wrongly is refused", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  const auto refuses = [&](std::vector<ChainLink> links, std::vector<ChainEntry> entries) {
    std::vector<OperatorContext> contexts;
    for (const auto& link : links) contexts.push_back(world.context(link.name));
    return !Chain::open(std::move(links), std::move(entries), std::move(contexts), output);
  };
  const auto links = [](std::vector<std::vector<ChainTarget>> first,
                        std::vector<std::vector<ChainTarget>> second) {
    std::vector<ChainLink> all;
    all.push_back(link<PassOperator>("a", std::move(first)));
    all.push_back(link<PassOperator>("b", std::move(second)));
    return all;
  };
  CHECK(refuses({}, {}));
  CHECK(refuses(links({{inside(1)}}, {{inside(0)}}), {{0, 0}}));           // backwards
  CHECK(refuses(links({{outside(0)}}, {{outside(0)}}), {{0, 0}}));         // b is not fed
  CHECK(refuses(links({{inside(1)}}, {{outside(0)}}), {{0, 0}, {1, 0}}));  // b is fed twice
  CHECK(refuses(links({{inside(1, 1)}}, {{outside(0)}}), {{0, 0}}));       // no such input
  CHECK_FALSE(refuses(links({{inside(1)}}, {{outside(0)}}), {{0, 0}}));
}

TEST_CASE("pushing what is not accepted is our own bug", "[unit][chain]") {
  ChainWorld world;
  RecordedOutput output{1};
  std::vector<ChainLink> links;
  links.push_back(link<PassOperator>("a", {{outside(0)}}));
  auto chain = world.open(std::move(links), {{0, 0}}, output);
  chain->push_batch(0, world.rows({{1, at(1)}}));
  CHECK_THROWS_AS(chain->push_batch(0, world.rows({{2, at(1)}})), InvariantViolation);
}

}  // namespace flow::testing
