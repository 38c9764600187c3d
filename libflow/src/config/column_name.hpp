#pragma once

#include "flow/operators/spec.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace flow {

/// The column that a text names: a word, or any name in double quotes, as in expressions. Nothing
/// if it is neither.
std::optional<std::string> column_name(std::string_view text);

/// `column`, `column asc`, `column desc`, where the column may be quoted. Nothing if it is no such
/// text.
std::optional<OrderBy> parse_order(std::string_view text);

}  // namespace flow
