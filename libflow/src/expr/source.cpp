#include "source.hpp"

#include "flow/base/utf8.hpp"

#include <algorithm>
#include <vector>

namespace flow::expr {

namespace {

bool is_name_byte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c >= 0x80;
}

bool is_operator_byte(char c) {
  return std::string_view{"+-*/<>=~!@#%^&|`?"}.find(c) != std::string_view::npos;
}

/// The last mark that is not behind `offset`, the end if there are no marks.
auto mark_of(const ExpressionText& text, std::size_t offset) {
  const auto next = std::find_if(text.marks.begin(), text.marks.end(),
                                 [&](const TextMark& mark) { return mark.offset > offset; });
  return next == text.marks.begin() ? text.marks.end() : std::prev(next);
}

SourcePlace marked_place(const ExpressionText& text, const TextMark* mark, std::uint32_t offset,
                         std::uint32_t bytes) {
  SourcePlace place{text.place.file, mark->line, mark->column, mark->length};
  if (mark->column == 0 || mark->length != 0) return place;
  const std::string_view view{text.text};
  place.column += characters_in(view.substr(mark->offset, offset - mark->offset));
  const auto* end = text.marks.data() + text.marks.size();
  if (mark + 1 != end) bytes = std::min(bytes, (mark + 1)->offset - offset);
  place.length = std::max(1u, characters_in(view.substr(offset, bytes)));
  return place;
}

}  // namespace

std::uint32_t token_bytes(std::string_view text, std::uint32_t offset) {
  if (offset >= text.size()) return 1;
  auto end = std::size_t{offset};
  const char first = text[end];
  if (first == '\'' || first == '"') {
    const auto close = text.find(first, end + 1);
    end = close == std::string_view::npos ? text.size() : close + 1;
  } else if (is_name_byte(static_cast<unsigned char>(first))) {
    const bool number = first >= '0' && first <= '9';
    while (end < text.size() &&
           (is_name_byte(static_cast<unsigned char>(text[end])) || (number && text[end] == '.')))
      ++end;
  } else if (text.substr(end, 2) == "::") {
    end += 2;
  } else {
    while (end < text.size() && is_operator_byte(text[end])) ++end;
  }
  return static_cast<std::uint32_t>(std::max<std::size_t>(end - offset, 1));
}

SourcePlace place_of(const ExpressionText& text, std::uint32_t offset) {
  const std::string_view view{text.text};
  offset = std::min(offset, static_cast<std::uint32_t>(view.size()));
  return place_of(text, offset, token_bytes(view, offset));
}

SourcePlace place_of(const ExpressionText& text, std::uint32_t offset, std::uint32_t bytes) {
  const std::string_view view{text.text};
  offset = std::min(offset, static_cast<std::uint32_t>(view.size()));
  if (const auto mark = mark_of(text, offset); mark != text.marks.end())
    return marked_place(text, &*mark, offset, bytes);
  const auto before = view.substr(0, offset);
  const auto newlines = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  SourcePlace place = text.place;
  if (place.line == 0) {
    place.line = 1;
    place.column = 1;
  } else if (place.column == 0) {
    place.column = 1;
  }
  if (newlines == 0) {
    place.column += characters_in(before);
  } else {
    place.line += newlines;
    place.column = 1 + characters_in(before.substr(before.rfind('\n') + 1));
  }
  place.length = std::max(1u, characters_in(view.substr(offset, bytes)));
  return place;
}

ExpressionText part_of(const ExpressionText& text, std::size_t from, std::size_t to) {
  auto place = place_of(text, static_cast<std::uint32_t>(from), 1);
  const auto first = mark_of(text, from);
  std::vector<TextMark> marks;
  if (first != text.marks.end()) {
    marks.push_back({0, place.line, place.column, first->length});
    for (auto mark = std::next(first); mark != text.marks.end() && mark->offset < to; ++mark) {
      marks.push_back(*mark);
      marks.back().offset -= static_cast<std::uint32_t>(from);
    }
  }
  place.length = 0;
  return ExpressionText{text.text.substr(from, to - from), std::move(place), std::move(marks)};
}

bool is_clean_utf8(std::string_view text, std::uint32_t& bad_offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    bad_offset = static_cast<std::uint32_t>(i);
    const unsigned char lead = byte(i);
    if (lead == 0) return false;
    std::size_t more = 0;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xC2 && lead < 0xE0)
      more = 1;
    else if (lead >= 0xE0 && lead < 0xF0)
      more = 2;
    else if (lead >= 0xF0 && lead < 0xF5)
      more = 3;
    else
      return false;
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xC0u) != 0x80u) return false;
    if ((lead == 0xE0 && byte(i + 1) < 0xA0) || (lead == 0xED && byte(i + 1) > 0x9F) ||
        (lead == 0xF0 && byte(i + 1) < 0x90) || (lead == 0xF4 && byte(i + 1) > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

std::string quoted_list(const std::vector<std::string>& names, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < limit; ++i) {
    if (i > 0) out += ", ";
    out += names[i];
  }
  if (names.size() > limit) out += ", … (" + std::to_string(names.size()) + " in all)";
  return out;
}

}  // namespace flow::expr
