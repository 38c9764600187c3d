#pragma once

#include "flow/base/error.hpp"
#include "flow/expr/expression.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace flow::expr {

/// The place in the user's file of the token that starts `offset` bytes into the text.
SourcePlace place_of(const ExpressionText& text, std::uint32_t offset);
/// The same with a given length in bytes.
SourcePlace place_of(const ExpressionText& text, std::uint32_t offset, std::uint32_t bytes);

/// The text from byte `from` to before `to`, with its place.
ExpressionText part_of(const ExpressionText& text, std::size_t from, std::size_t to);

/// Bytes of the token at `offset`: a name, number, quoted text or operator; at least 1.
std::uint32_t token_bytes(std::string_view text, std::uint32_t offset);

/// Whether the bytes are well-formed UTF-8 without zero bytes; else the offset of the first bad
/// one.
bool is_clean_utf8(std::string_view text, std::uint32_t& bad_offset);

/// `'a', 'b' or 'c'` of at most `limit` names.
std::string quoted_list(const std::vector<std::string>& names, std::size_t limit = 12);

}  // namespace flow::expr
