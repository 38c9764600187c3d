#include "flow/checkpoint/restart_policy.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace flow {
namespace {

const Error kCrash{Errc::injected, "crashed"};              // retry: restart
const Error kOutage{Errc::io_failed, "store is away"};      // retry: backoff
const Error kDeterministic{Errc::bad_argument, "bad row"};  // retry: never

RestartPolicy policy_of(RestartPolicy::Kind kind) {
  RestartPolicy policy;
  policy.kind = kind;
  policy.limit = 3;
  policy.initial = Micros{1'000'000};
  policy.max = Micros{5'000'000};
  policy.jitter = 0;
  policy.reset_after = Micros{60'000'000};
  return policy;
}

std::int64_t delay_of(const RestartVerdict& verdict) {
  REQUIRE(std::holds_alternative<RestartAfter>(verdict));
  return std::get<RestartAfter>(verdict).delay.count() / 1'000'000;
}

std::string reason_of(const RestartVerdict& verdict) {
  REQUIRE(std::holds_alternative<GiveUp>(verdict));
  return std::get<GiveUp>(verdict).error.notes().back();
}

TEST_CASE("a deterministic failure is never tried again", "[unit][restart]") {
  Random random{1};
  for (const auto kind :
       {RestartPolicy::Kind::none, RestartPolicy::Kind::fixed, RestartPolicy::Kind::exponential}) {
    RestartHistory history;
    const auto verdict = judge_failure(policy_of(kind), history, kDeterministic, {}, random);
    CHECK(std::get<GiveUp>(verdict).error.code() == Errc::bad_argument);
    CHECK_THAT(reason_of(verdict), testing::ContainsSubstring("same would happen again"));
  }
}

TEST_CASE("the policy none gives up at once", "[unit][restart]") {
  Random random{1};
  RestartHistory history;
  CHECK_THAT(
      reason_of(judge_failure(policy_of(RestartPolicy::Kind::none), history, kCrash, {}, random)),
      testing::ContainsSubstring("restart.policy is none"));
}

TEST_CASE("a fixed policy waits the same time up to its limit", "[unit][restart]") {
  Random random{1};
  RestartHistory history;
  const auto policy = policy_of(RestartPolicy::Kind::fixed);
  for (int i = 0; i < 3; ++i)
    CHECK(delay_of(judge_failure(policy, history, kCrash, {}, random)) == 1);
  CHECK_THAT(reason_of(judge_failure(policy, history, kCrash, {}, random)),
             testing::ContainsSubstring("failed 4 times in a row"));
}

TEST_CASE("an exponential policy doubles up to its maximum", "[unit][restart]") {
  Random random{1};
  RestartHistory history;
  auto policy = policy_of(RestartPolicy::Kind::exponential);
  policy.limit = 0;
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 200; ++i) {
    delays.push_back(delay_of(judge_failure(policy, history, kCrash, {}, random)));
  }
  CHECK(std::vector(delays.begin(), delays.begin() + 5) ==
        std::vector<std::int64_t>{1, 2, 4, 5, 5});
  CHECK(delays.back() == 5);
}

TEST_CASE("an outage is waited for without limit", "[unit][restart]") {
  Random random{1};
  RestartHistory history;
  const auto policy = policy_of(RestartPolicy::Kind::exponential);
  for (int i = 0; i < 100; ++i) {
    CHECK(
        std::holds_alternative<RestartAfter>(judge_failure(policy, history, kOutage, {}, random)));
  }
  // The crash in between still counts by itself.
  for (int i = 0; i < 3; ++i)
    CHECK(delay_of(judge_failure(policy, history, kCrash, {}, random)) == 5);
  CHECK(std::holds_alternative<GiveUp>(judge_failure(policy, history, kCrash, {}, random)));
}

TEST_CASE("being healthy for long starts the count anew", "[unit][restart]") {
  Random random{1};
  RestartHistory history;
  const auto policy = policy_of(RestartPolicy::Kind::exponential);
  for (int i = 0; i < 3; ++i) static_cast<void>(judge_failure(policy, history, kCrash, {}, random));
  RestartHistory not_yet = history;
  CHECK(std::holds_alternative<GiveUp>(
      judge_failure(policy, not_yet, kCrash, policy.reset_after - Micros{1}, random)));
  CHECK(delay_of(judge_failure(policy, history, kCrash, policy.reset_after, random)) == 1);
  CHECK(history.in_a_row == 1);
}

TEST_CASE("jitter spreads delays below their full length", "[unit][restart]") {
  auto policy = policy_of(RestartPolicy::Kind::exponential);
  policy.jitter = 0.5;
  Random random{1};
  std::int64_t least = INT64_MAX;
  std::int64_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    RestartHistory history;
    const auto verdict = judge_failure(policy, history, kCrash, {}, random);
    const std::int64_t delay = std::get<RestartAfter>(verdict).delay.count();
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least >= 500'000);
  CHECK(least < 520'000);
  CHECK(most <= 1'000'000);
  CHECK(most > 980'000);
}

TEST_CASE("extreme settings do not overflow", "[unit][restart]") {
  RestartPolicy policy;
  policy.limit = 0;
  policy.initial = Micros{INT64_MAX / 2};
  policy.max = Micros::max();
  policy.jitter = 0;
  Random random{1};
  RestartHistory history;
  for (int i = 0; i < 100; ++i) {
    CHECK(std::get<RestartAfter>(judge_failure(policy, history, kCrash, {}, random)).delay >
          Micros{0});
  }
  policy.initial = Micros{0};
  history = {};
  CHECK(delay_of(judge_failure(policy, history, kCrash, {}, random)) == 0);
}

}  // namespace
}  // namespace flow
