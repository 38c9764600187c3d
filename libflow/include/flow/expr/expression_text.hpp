#pragma once

#include "flow/base/error.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace flow {

/// From `offset` on, a text stands at this place of its file: for texts that their file holds in
/// several lines, with escapes or with variables.
struct TextMark {
  std::uint32_t offset = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;  ///< 0: somewhere in the line.
  std::uint32_t length = 0;  ///< Not 0: everything up to the next mark stands for these characters.
  bool operator==(const TextMark&) const = default;
};

/// The text of an expression and where it stands, so that errors point at the exact column.
struct ExpressionText {
  std::string text;
  SourcePlace place;  ///< Of the first character; line 0 = unknown, then columns count in the text.
  std::vector<TextMark> marks{};  ///< Ascending, the first at 0; empty: it stands at `place` as is.

  ExpressionText() = default;
  ExpressionText(std::string the_text,
                 SourcePlace where = {},  // NOLINT(google-explicit-constructor)
                 std::vector<TextMark> the_marks = {})
      : text{std::move(the_text)}, place{std::move(where)}, marks{std::move(the_marks)} {}
  ExpressionText(const char* the_text) : text{the_text} {}  // NOLINT(google-explicit-constructor)
};

}  // namespace flow
