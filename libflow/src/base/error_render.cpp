#include "flow/base/error.hpp"
#include "flow/base/utf8.hpp"

#include <algorithm>

namespace flow {
namespace {

constexpr std::size_t kMaxExcerpt = 120;     // characters of the user's line that are shown
constexpr std::size_t kMaxSharedLine = 110;  // a question joins the last note up to this width

// One character of the user's text as it is printed: a code point, or '?' for what is not UTF-8.
// Control characters become spaces, so that a text cannot steer the terminal and the caret lines
// up.
std::vector<std::string> printable_characters(std::string_view line) {
  std::vector<std::string> characters;
  for (std::size_t i = 0; i < line.size();) {
    const auto lead = static_cast<unsigned char>(line[i]);
    std::size_t size = 1;
    if (lead >= 0xf0 && lead < 0xf8)
      size = 4;
    else if (lead >= 0xe0 && lead < 0xf0)
      size = 3;
    else if (lead >= 0xc2 && lead < 0xe0)
      size = 2;
    bool valid = i + size <= line.size() && (size > 1 || lead < 0x80);
    for (std::size_t k = 1; valid && k < size; ++k) {
      valid = (static_cast<unsigned char>(line[i + k]) & 0xc0) == 0x80;
    }
    if (!valid) {
      characters.emplace_back("?");
      size = 1;
    } else if (lead < 0x20 || lead == 0x7f) {
      characters.emplace_back(" ");
    } else {
      characters.emplace_back(line.substr(i, size));
    }
    i += size;
  }
  return characters;
}

std::optional<std::string_view> find_line(std::string_view text, std::uint32_t number) {
  for (std::uint32_t current = 1;; ++current) {
    const std::size_t end = text.find('\n');
    if (current == number) {
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + 1);
  }
}

std::string excerpt(const SourcePlace& where, std::string_view source_text) {
  if (where.line == 0 || source_text.empty()) return {};
  const std::optional<std::string_view> line = find_line(source_text, where.line);
  if (!line) return {};
  const std::vector<std::string> characters = printable_characters(*line);

  // A very long line is cut around the place, so that the place stays in view.
  const std::size_t column =
      where.column == 0 ? 0 : std::min<std::size_t>(where.column - 1, characters.size());
  std::size_t first = 0;
  if (characters.size() > kMaxExcerpt && column > kMaxExcerpt / 2) {
    first = std::min(column - kMaxExcerpt / 2, characters.size() - kMaxExcerpt);
  }
  const std::size_t last = std::min(characters.size(), first + kMaxExcerpt);

  std::string number = std::to_string(where.line);
  if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
  std::string out = number + " | ";
  if (first > 0) out += "…";
  for (std::size_t i = first; i < last; ++i) out += characters[i];
  if (last < characters.size()) out += "…";
  out += '\n';
  if (where.column == 0) return out;

  const std::size_t length = std::clamp<std::size_t>(
      where.length, 1, std::max<std::size_t>(1, last - std::min(last, column)));
  out += std::string(number.size(), ' ') + " | ";
  out += std::string(column - first + (first > 0 ? 1 : 0), ' ');
  out += '^' + std::string(length - 1, '~') + '\n';
  return out;
}

std::string place_prefix(const SourcePlace& where) {
  if (where.file.empty() && where.line == 0) return {};
  std::string out = where.file.empty() ? "<text>" : where.file;
  if (where.line != 0) {
    out += ":" + std::to_string(where.line);
    if (where.column != 0) out += ":" + std::to_string(where.column);
  }
  return out + ": ";
}

}  // namespace

std::string render(const Error& error, std::string_view source_text) {
  std::string out =
      place_prefix(error.where()) + "error " + to_string(error.code()) + ": " + error.message();
  if (!error.cause().empty()) out += ": " + error.cause();
  out += '\n';
  out += excerpt(error.where(), source_text);

  std::vector<std::string> lines;
  if (!error.context().empty()) {
    std::string frames = "in ";
    for (std::size_t i = 0; i < error.context().size(); ++i) {
      frames += (i == 0 ? "" : ", ") + error.context()[i];
    }
    lines.push_back(std::move(frames));
  }
  lines.insert(lines.end(), error.notes().begin(), error.notes().end());
  if (!error.remedy().empty()) {
    // A question ("did you mean …?") belongs to the list it chooses from.
    if (!error.notes().empty() && error.remedy().ends_with('?') &&
        characters_in(lines.back()) + characters_in(error.remedy()) + 9 <= kMaxSharedLine) {
      lines.back() += "      " + error.remedy();
    } else {
      lines.push_back(error.remedy());
    }
  }
  for (const std::string& line : lines) out += "   " + line + '\n';
  return out;
}

}  // namespace flow
