#pragma once

#include <cstdint>

namespace flow::testing {

/// Returns the seed of this test run: FLOW_TEST_SEED from the environment, else a fixed number.
///
/// The runner prints it at the start and after a failure, so that any run can be repeated. Thread:
/// thread-safe.
std::uint64_t test_seed();

}  // namespace flow::testing
