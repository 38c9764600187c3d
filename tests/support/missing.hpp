#pragma once

#include "support/catch.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace flow::testing {

/// Says that a test, or a part of it, does not run because something is missing on this machine.
/// Fails it if FLOW_TEST_REQUIRE=1 (set by .ci/run and tools/prove.sh) and `can_be_had`: then the
/// machine is not what tools/install_packages.sh makes of it, and a test that did not run is no
/// proof.
inline void missing(const std::string& what, bool can_be_had = true) {
  const char* require =
      std::getenv("FLOW_TEST_REQUIRE");  // NOLINT(concurrency-mt-unsafe): one thread
  if (can_be_had && require != nullptr && std::string_view{require} == "1")
    FAIL("missing, and FLOW_TEST_REQUIRE=1: " << what);
  WARN("skipped: " << what);
  SUCCEED();
}

}  // namespace flow::testing
