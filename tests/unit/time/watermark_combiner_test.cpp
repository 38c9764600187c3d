#include "flow/time/watermark_combiner.hpp"

#include "flow/base/random.hpp"
#include "flow/time/bounded_disorder.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

constexpr EventTime at(std::int64_t micros) { return {micros}; }

/// The definition, computed from scratch each time.
struct Reference {
  std::vector<ChannelState> states;
  std::vector<EventTime> watermarks;
  EventTime said = EventTime::min();

  explicit Reference(std::size_t channels)
      : states(channels, ChannelState::unknown), watermarks(channels, EventTime::min()) {}
  [[nodiscard]] bool any(ChannelState state) const {
    return std::count(states.begin(), states.end(), state) > 0;
  }
  EventTime watermark() {
    auto now = EventTime::max();
    if (any(ChannelState::unknown)) {
      now = EventTime::min();
    } else if (any(ChannelState::active)) {
      for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i] == ChannelState::active) now = std::min(now, watermarks[i]);
    } else if (any(ChannelState::idle)) {
      now = EventTime::min();
      for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i] == ChannelState::idle) now = std::max(now, watermarks[i]);
    }
    return said = std::max(said, now);
  }
  [[nodiscard]] bool idle() const {
    return !any(ChannelState::unknown) && !any(ChannelState::active) && any(ChannelState::idle);
  }
};

}  // namespace

TEST_CASE("a combined watermark is what its definition says, in random runs", "[unit][watermark]") {
  Random seeds{test_seed()};
  for (auto run = 0; run < 300; ++run) {
    const auto seed = seeds.next();
    CAPTURE(seed);
    Random random{seed};
    const auto channels = 1 + static_cast<std::uint32_t>(random.below(6));
    WatermarkCombiner combiner{channels};
    Reference reference{channels};
    for (auto step = 0; step < 200; ++step) {
      const auto channel = static_cast<std::uint32_t>(random.below(channels));
      const auto finished = reference.states[channel] == ChannelState::finished;
      const auto watermark_before = combiner.watermark();
      const auto idle_before = combiner.idle();
      bool changed = false;
      switch (random.below(20)) {
        case 0:
          changed = combiner.on_finished(channel);
          reference.states[channel] = ChannelState::finished;
          break;
        case 1:
        case 2:
        case 3:
        case 4:
          changed = combiner.on_idle(channel);
          if (!finished) reference.states[channel] = ChannelState::idle;
          break;
        case 5:
        case 6:
        case 7:
          changed = combiner.on_rows(channel);
          if (reference.states[channel] == ChannelState::idle)
            reference.states[channel] = ChannelState::active;
          break;
        case 8: {  // a snapshot anywhere changes nothing
          WatermarkCombiner restored{channels};
          REQUIRE(restored.restore(combiner.encode()));
          combiner = restored;
          break;
        }
        default: {
          const auto watermark = at(random.between(0, step));
          changed = combiner.on_watermark(channel, watermark);
          if (finished) break;
          reference.states[channel] = ChannelState::active;
          reference.watermarks[channel] = std::max(reference.watermarks[channel], watermark);
        }
      }
      REQUIRE(combiner.watermark() == reference.watermark());
      REQUIRE(combiner.idle() == reference.idle());
      REQUIRE(combiner.watermark() >= watermark_before);
      REQUIRE(changed ==
              (combiner.watermark() != watermark_before || combiner.idle() != idle_before));
    }
  }
}

TEST_CASE("a channel that was never heard holds the watermark back", "[unit][watermark]") {
  WatermarkCombiner combiner{2};
  CHECK_FALSE(combiner.on_watermark(0, at(100)));
  CHECK_FALSE(combiner.on_rows(1));
  CHECK(combiner.watermark() == EventTime::min());
  CHECK(combiner.on_watermark(1, at(50)));
  CHECK(combiner.watermark() == at(50));
}

TEST_CASE("an idle channel does not hold back, and returning it does not regress",
          "[unit][watermark]") {
  WatermarkCombiner combiner{2};
  combiner.on_watermark(0, at(10));
  combiner.on_watermark(1, at(20));
  CHECK(combiner.on_idle(0));
  CHECK(combiner.watermark() == at(20));
  CHECK_FALSE(combiner.on_rows(0));
  CHECK_FALSE(combiner.on_watermark(1, at(30)));
  CHECK(combiner.watermark() == at(20));  // until channel 0 has caught up
  CHECK(combiner.on_watermark(0, at(25)));
  CHECK(combiner.watermark() == at(25));
}

TEST_CASE("finished and idle channels together are idle, not finished", "[unit][watermark]") {
  WatermarkCombiner combiner{2};
  combiner.on_watermark(0, at(10));
  combiner.on_watermark(1, at(20));
  CHECK(combiner.on_finished(0));
  CHECK(combiner.watermark() == at(20));
  CHECK(combiner.on_idle(1));
  CHECK(combiner.idle());
  CHECK(combiner.watermark() == at(20));
  CHECK(combiner.on_finished(1));
  CHECK_FALSE(combiner.idle());
  CHECK(combiner.finished());
  CHECK(combiner.watermark() == EventTime::max());
  CHECK_FALSE(combiner.on_rows(0));
}

TEST_CASE("new channels start from the old floor and know nothing", "[unit][watermark]") {
  WatermarkCombiner old{1};
  old.on_watermark(0, at(70));
  WatermarkCombiner combiner{3};
  CHECK_FALSE(combiner.restore(old.encode()));
  combiner.raise_floor(old.watermark());
  CHECK(combiner.watermark() == at(70));
  CHECK(combiner.state(0) == ChannelState::unknown);
  combiner.on_watermark(0, at(100));
  combiner.on_watermark(1, at(100));
  CHECK(combiner.watermark() == at(70));
}

TEST_CASE("damaged bytes are refused", "[unit][watermark]") {
  WatermarkCombiner combiner{2};
  const auto bytes = combiner.encode();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto status = combiner.restore(bytes.substr(0, cut));
    REQUIRE_FALSE(status);
    CHECK(status.error().code() == Errc::corrupt_snapshot_part);
  }
  CHECK_FALSE(combiner.restore(bytes + "x"));
  auto unknown_state = bytes;
  unknown_state[13] = 9;
  CHECK_FALSE(combiner.restore(unknown_state));
}

TEST_CASE("bounded disorder lags by its delay and never ends the stream", "[unit][watermark]") {
  BoundedDisorder generator{Micros{5}};
  CHECK(generator.watermark() == EventTime::min());
  generator.on_rows(at(100));
  generator.on_rows(at(90));
  CHECK(generator.watermark() == at(95));
  generator.on_rows(EventTime::max());
  CHECK(generator.watermark() < EventTime::max());
}

}  // namespace flow::testing
