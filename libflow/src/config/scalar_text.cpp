#include "scalar_text.hpp"

#include "flow/base/utf8.hpp"

#include <algorithm>

namespace flow {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Follows a scalar through the lines of its file.
class Follower {
 public:
  Follower(const std::vector<std::string_view>& lines, BytePlace at, char quote)
      : lines_{lines}, at_{at}, quote_{quote} {}

  [[nodiscard]] BytePlace at() const { return at_; }

  /// To the next byte that is not blank, whatever stands for blanks here.
  void skip_blanks() {
    while (at_.line < lines_.size()) {
      const auto rest = here();
      if (rest.empty() || (quote_ == '"' && rest == "\\")) {
        at_ = {at_.line + 1, 0};
      } else if (is_blank(rest.front())) {
        ++at_.column;
      } else if (quote_ == '"' && (rest.starts_with("\\n") || rest.starts_with("\\t"))) {
        at_.column += 2;
      } else {
        return;
      }
    }
  }

  /// Passes one byte of the text; false if something else stands here.
  bool take(char byte) {
    if (at_.line >= lines_.size()) return false;
    const auto rest = here();
    const bool escaped =
        (quote_ == '"' && rest.starts_with('\\')) || (quote_ == '\'' && rest.starts_with("''"));
    const std::size_t before = escaped ? 1 : 0;
    if (rest.size() <= before || rest[before] != byte) return false;
    // `\a` is no `a`.
    if (escaped && quote_ == '"' && byte != '"' && byte != '\\' && byte != '/') return false;
    at_.column += before + 1;
    return true;
  }

 private:
  [[nodiscard]] std::string_view here() const {
    const auto line = lines_[at_.line];
    return line.substr(std::min(at_.column, line.size()));
  }

  const std::vector<std::string_view>& lines_;
  BytePlace at_;
  char quote_;
};

}  // namespace

std::optional<std::vector<BytePlace>> places_in(const std::vector<std::string_view>& lines,
                                                BytePlace start, char quote,
                                                std::string_view scalar) {
  Follower follower{lines, start, quote};
  std::vector<BytePlace> places;
  places.reserve(scalar.size());
  for (const char byte : scalar) {
    if (is_blank(byte)) {
      places.push_back(places.empty() ? start
                                      : BytePlace{places.back().line, places.back().column + 1});
      continue;
    }
    follower.skip_blanks();
    places.push_back(follower.at());
    if (!follower.take(byte)) return std::nullopt;
  }
  return places;
}

std::vector<TextMark> marks_of(const std::vector<std::string_view>& lines,
                               const std::vector<BytePlace>& places,
                               const std::vector<TextPiece>& pieces, std::size_t size) {
  std::vector<TextMark> marks;
  const auto mark = [&](std::size_t offset, std::size_t raw, std::uint32_t length) {
    if (raw >= places.size()) return;
    const auto& place = places[raw];
    marks.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(place.line + 1),
                     character_column(lines[place.line], place.column), length});
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& piece = pieces[i];
    const auto end = i + 1 < pieces.size() ? pieces[i + 1].offset : size;
    mark(piece.offset, piece.raw, static_cast<std::uint32_t>(piece.variable));
    if (piece.variable != 0) continue;
    for (auto offset = piece.offset + 1; offset < end; ++offset) {
      const auto raw = piece.raw + (offset - piece.offset);
      if (raw >= places.size()) break;
      const auto& before = places[raw - 1];
      if (places[raw] != BytePlace{before.line, before.column + 1}) mark(offset, raw, 0);
    }
  }
  return marks;
}

std::uint32_t character_column(std::string_view line, std::size_t byte_column) {
  return 1 + characters_in(line.substr(0, byte_column));
}

}  // namespace flow
