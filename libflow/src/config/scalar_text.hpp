#pragma once

#include "flow/expr/expression_text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace flow {

/// A byte of a file: line and column count from 0.
struct BytePlace {
  std::size_t line = 0;
  std::size_t column = 0;
  bool operator==(const BytePlace&) const = default;
};

/// Where each byte of a YAML scalar stands in its file; blanks between words, which the file may
/// write as line ends and indentation, are counted on from what is before them. `start` is the
/// first byte of the text, `quote` is `"`, `'` or 0. Nothing if the text cannot be followed
/// (`"\x41"`).
std::optional<std::vector<BytePlace>> places_in(const std::vector<std::string_view>& lines,
                                                BytePlace start, char quote,
                                                std::string_view scalar);

/// A part of a text that `${…}` was replaced in.
struct TextPiece {
  std::size_t offset = 0;    ///< In the text with everything replaced.
  std::size_t raw = 0;       ///< In the text as it was.
  std::size_t variable = 0;  ///< Bytes of the variable it came from; 0: it was there.
};

/// The marks of a text of these pieces, `size` bytes long; `places` are those of the text before
/// anything was replaced.
std::vector<TextMark> marks_of(const std::vector<std::string_view>& lines,
                               const std::vector<BytePlace>& places,
                               const std::vector<TextPiece>& pieces, std::size_t size);

/// A byte column (from 0) as a column in characters, from 1.
std::uint32_t character_column(std::string_view line, std::size_t byte_column);

}  // namespace flow
