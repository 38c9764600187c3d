#pragma once

#include "flow/base/utf8.hpp"

#include <cstdint>
#include <string_view>

namespace flow::expr {

inline std::int32_t count_characters(std::string_view text) noexcept {
  std::int32_t count = 0;
  for (const char c : text) count += is_utf8_start(c) ? 1 : 0;
  return count;
}

/// Whether every byte is one character.
inline bool is_ascii(const char* bytes, std::size_t size) noexcept {
  unsigned char all = 0;
  for (std::size_t i = 0; i < size; ++i)
    all = static_cast<unsigned char>(all | static_cast<unsigned char>(bytes[i]));
  return all < 0x80;
}

/// Byte position after `characters` characters from `at`, at most the end.
inline std::size_t skip_characters(std::string_view text, std::size_t at,
                                   std::int64_t characters) noexcept {
  while (characters > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && !is_utf8_start(text[at])) ++at;
    --characters;
  }
  return at;
}

/// Bytes of the character at `at`.
inline std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
  return skip_characters(text, at, 1) - at;
}

inline char to_lower_ascii(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
inline char to_upper_ascii(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

}  // namespace flow::expr
