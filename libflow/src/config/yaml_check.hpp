#pragma once

#include "flow/base/error.hpp"
#include "flow/config/topology.hpp"

#include <cstddef>

namespace YAML {
class Exception;
struct Mark;
}  // namespace YAML

namespace flow {

inline constexpr std::size_t kMaxYamlBytes = 1u << 20;
inline constexpr std::size_t kMaxYamlValues = 200'000;
inline constexpr std::size_t kMaxYamlDepth = 64;

/// Refuses what must not be built into a tree: no YAML, more than one document, more than the
/// limits above. Aliases count once here. Memory is bounded by the length of the text, whatever it
/// holds.
///
/// Errors: yaml_syntax, too_complex; with the place.
Status check_yaml(const ConfigText& source);

/// Where the YAML library says something is.
SourcePlace yaml_place(const ConfigText& source, const YAML::Mark& mark);
/// What the YAML library says is wrong.
Error yaml_error(const ConfigText& source, const YAML::Exception& exception);
/// Configuration beyond the limits.
Error too_complex(SourcePlace place);

}  // namespace flow
