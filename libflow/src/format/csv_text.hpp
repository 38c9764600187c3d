#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow::csv {

/// The content of a field that begins with a quote: `scratch` holds it if quotes had to be
/// undoubled. Nothing if the quotes do not match.
std::optional<std::string_view> unquote(std::string_view field, char quote, std::string& scratch);

/// The fields of one whole row without its line end. Nothing if quotes do not match.
std::optional<std::vector<std::string>> split_row(std::string_view row, char delimiter, char quote);

}  // namespace flow::csv
