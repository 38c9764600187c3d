#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flow {

/// Whether a byte begins a character of UTF-8.
inline bool is_utf8_start(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
}

inline std::uint32_t characters_in(std::string_view text) noexcept {
  return static_cast<std::uint32_t>(std::count_if(text.begin(), text.end(), is_utf8_start));
}

/// The beginning of a text, at most `most` bytes, cut between two characters.
inline std::string_view whole_characters(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && !is_utf8_start(text[most])) --most;
  return text.substr(0, most);
}

}  // namespace flow
