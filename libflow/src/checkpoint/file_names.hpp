#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow {

/// Any text as the name of a file: letters, digits, `_ - .` as they are, the rest as %xx; not
/// hidden, not longer than 200 bytes. Different texts give different names.
std::string to_file_name(std::string_view text);
/// The inverse, for names that were not shortened; of others a readable approximation or nothing.
std::optional<std::string> from_file_name(std::string_view name);

/// `manifest-0000000014`: names sort as numbers do.
std::string numbered_name(std::string_view prefix, std::uint64_t number);
std::optional<std::uint64_t> parse_numbered_name(std::string_view name, std::string_view prefix);

}  // namespace flow
