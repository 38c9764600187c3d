// The only way tests include Catch2: version 2 (Debian 12) and version 3 (Debian 13) look the same
// after it.
//
// Matchers are used through CHECK_THAT with the unqualified names below, generators through
// GENERATE.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#define FLOW_CATCH2_MAJOR 3
#else
#include <catch2/catch.hpp>
#define FLOW_CATCH2_MAJOR 2
#endif

namespace flow::testing {

#if FLOW_CATCH2_MAJOR == 3
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Catch::Matchers::VectorContains;
#else
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Catch::Matchers::VectorContains;

/// Matches a text that contains `part`, under the name that Catch2 3 gave it.
inline auto ContainsSubstring(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

}  // namespace flow::testing

#if FLOW_CATCH2_MAJOR == 3
// Names that version 2 has in this namespace and that tests use.
namespace Catch {
using Matchers::EndsWith;
using Matchers::StartsWith;
inline auto Contains(const std::string& part) { return Matchers::ContainsSubstring(part); }
}  // namespace Catch
#endif
