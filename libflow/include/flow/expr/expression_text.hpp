#pragma once

#include "flow/base/error.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace flow {

/// The text of an expression and where it stands, so that errors point at the exact column.
struct ExpressionText {
  std::string text;
  SourcePlace place;  ///< Of the first character; line 0 = unknown, then columns count in the text.
  /// Columns by which lines after the first are indented in the file (YAML block scalars).
  std::uint32_t indent = 0;

  ExpressionText() = default;
  ExpressionText(std::string the_text,
                 SourcePlace where = {},  // NOLINT(google-explicit-constructor)
                 std::uint32_t indented = 0)
      : text{std::move(the_text)}, place{std::move(where)}, indent{indented} {}
  ExpressionText(const char* the_text) : text{the_text} {}  // NOLINT(google-explicit-constructor)
};

}  // namespace flow
