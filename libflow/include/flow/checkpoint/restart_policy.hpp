#pragma once

#include "flow/base/error.hpp"
#include "flow/base/random.hpp"
#include "flow/base/units.hpp"

#include <chrono>
#include <cstdint>
#include <variant>

namespace flow {

/// How often and how fast a failed job is started again.
struct RestartPolicy {
  enum class Kind : std::uint8_t {
    none,         ///< Never.
    fixed,        ///< After `initial`, each time.
    exponential,  ///< After `initial`, doubled with each failure in a row up to `max`, with jitter.
  };
  Kind kind = Kind::exponential;
  /// Failures in a row before the job fails; 0 = no limit. Failures of the outside (Retry::backoff)
  /// do not count under `exponential`: an outage may last.
  std::uint32_t limit = 10;
  Micros initial{1'000'000};  ///< ≥ 0.
  Micros max{60'000'000};     ///< ≥ initial.
  double jitter =
      0.2;  ///< Share of the delay that is random, 0 … 1: many jobs must not return at once.
  Micros reset_after{600'000'000};  ///< Healthy for this long: the count starts anew.
};

/// Failures so far, as far as the policy cares. Value; starts empty.
struct RestartHistory {
  std::uint32_t in_a_row = 0;  ///< Counted ones, this life's included.
  std::uint32_t delayed = 0;   ///< Exponent of the next delay.
};

struct RestartAfter {
  Micros delay{};
  bool operator==(const RestartAfter&) const = default;
};
struct GiveUp {
  Error error;  ///< The cause, with a note that says why it is not tried again.
};
using RestartVerdict = std::variant<RestartAfter, GiveUp>;

/// Decides what to do after an attempt failed. `healthy_for`: how long it ran.
///
/// Thread: value. Deterministic: the same arguments and random numbers give the same verdict.
RestartVerdict judge_failure(const RestartPolicy& policy, RestartHistory& history,
                             const Error& cause, Micros healthy_for, Random& random);

}  // namespace flow
