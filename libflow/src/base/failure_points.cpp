#include "flow/base/failure_points.hpp"

#include "flow/base/units.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <thread>

namespace flow {
namespace {

constexpr FailurePoint kFailurePoints[] = {
#define FLOW_FAILURE_POINT(name, where) {name, where},
#include "failure_points.def"
#undef FLOW_FAILURE_POINT
};

class NoFailurePoints final : public FailurePoints {
 public:
  Status hit(std::string_view) override { return {}; }
};

enum class Act : std::uint8_t { crash, error, delay };

struct Rule {
  std::string_view point;  // an entry of kFailurePoints
  Act act = Act::crash;
  Micros delay{0};
  std::uint64_t on_hit = 1;
  std::atomic<std::uint64_t> hits{0};
};

[[noreturn]] void die() {
  // As close to a power cut as a process gets: no destructor, no handler, no flush.
  ::kill(::getpid(), SIGKILL);
  for (;;) ::_exit(137);
}

class ParsedFailurePoints final : public FailurePoints {
 public:
  explicit ParsedFailurePoints(std::deque<Rule> rules) : rules_{std::move(rules)} {}

  Status hit(std::string_view point) override {
    for (Rule& rule : rules_) {
      if (rule.point != point) continue;
      if (rule.hits.fetch_add(1, std::memory_order_relaxed) + 1 != rule.on_hit) continue;
      switch (rule.act) {
        case Act::crash:
          die();
        case Act::error:
          return Error{Errc::injected, "injected failure at '" + std::string{point} + "'"};
        case Act::delay:
          std::this_thread::sleep_for(rule.delay);
          break;
      }
    }
    return {};
  }

 private:
  std::deque<Rule> rules_;  // a deque, because a Rule cannot move
};

Error bad_rule(std::string_view rule, std::string cause) {
  return Error{Errc::bad_argument, "'" + std::string{rule} + "' is not a failure point rule"}
      .with_cause(std::move(cause))
      .with_remedy(
          "write name=crash, name=error or name=delay:50ms, each with @n for the n-th hit");
}

Status parse_rule(std::string_view text, std::deque<Rule>& into) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return bad_rule(text, "'=' is missing");
  const std::string_view name = text.substr(0, equals);
  std::string_view action = text.substr(equals + 1);
  const auto* known = std::find_if(std::begin(kFailurePoints), std::end(kFailurePoints),
                                   [&](const FailurePoint& point) { return point.name == name; });
  if (known == std::end(kFailurePoints)) {
    return bad_rule(text, "no failure point is called '" + std::string{name} + "'");
  }
  Rule& rule = into.emplace_back();
  rule.point = known->name;
  if (const std::size_t at = action.find('@'); at != std::string_view::npos) {
    const std::string_view number = action.substr(at + 1);
    action = action.substr(0, at);
    const auto [end, failure] =
        std::from_chars(number.data(), number.data() + number.size(), rule.on_hit);
    if (failure != std::errc{} || end != number.data() + number.size() || rule.on_hit == 0) {
      return bad_rule(text, "'" + std::string{number} + "' is not a positive number");
    }
  }
  constexpr std::string_view kDelay = "delay:";
  if (action == "crash") {
    rule.act = Act::crash;
  } else if (action == "error") {
    rule.act = Act::error;
  } else if (action.starts_with(kDelay)) {
    rule.act = Act::delay;
    FLOW_ASSIGN(rule.delay, parse_duration(action.substr(kDelay.size())));
  } else {
    return bad_rule(text, "no action is called '" + std::string{action} + "'");
  }
  return {};
}

}  // namespace

std::span<const FailurePoint> failure_points() { return kFailurePoints; }

std::unique_ptr<FailurePoints> make_no_failure_points() {
  return std::make_unique<NoFailurePoints>();
}

Result<std::unique_ptr<FailurePoints>> parse_failure_points(std::string_view text) {
  std::deque<Rule> rules;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    FLOW_TRY(parse_rule(text.substr(0, comma), rules));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return std::unique_ptr<FailurePoints>{std::make_unique<ParsedFailurePoints>(std::move(rules))};
}

}  // namespace flow
