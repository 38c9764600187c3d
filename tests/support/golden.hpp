#pragma once

#include <string>
#include <string_view>

namespace flow::testing {

/// Returns the bytes of tests/golden/<name>. Thread: blocking.
std::string golden(std::string_view name);

/// Checks that `bytes` are those of tests/golden/<name>; a difference is shown by its first place.
///
/// FLOW_GOLDEN_UPDATE=1 in the environment writes the file instead: for a format that is new, or
/// changed on purpose.
void expect_golden(std::string_view name, std::string_view bytes);

}  // namespace flow::testing
