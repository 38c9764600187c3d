#include "kernels.hpp"
#include "operands.hpp"
#include "utf8.hpp"

#include <string>
#include <vector>

namespace flow::expr {

namespace {

/// A LIKE pattern split at its `%`: literal pieces (with `_` marked) that must follow one another.
struct LikePattern final : Prepared {
  struct Piece {
    std::string text;
    std::vector<bool> any;  // Per byte of `text`: a `_`; then the byte stands for one character.
    bool has_any = false;
  };
  std::vector<Piece> pieces;  // Between the `%`s: n `%`s make n + 1 pieces.
  bool ignore_case = false;
};

constexpr std::size_t kNoMatch = std::string_view::npos;

char fold(char c, bool ignore_case) { return ignore_case ? to_lower_ascii(c) : c; }

/// Bytes of `text` that the piece matches at `at`, or kNoMatch.
std::size_t match_at(const LikePattern::Piece& piece, std::string_view text, std::size_t at,
                     bool ignore_case) {
  if (!piece.has_any && !ignore_case)
    return text.substr(at, piece.text.size()) == piece.text ? piece.text.size() : kNoMatch;
  std::size_t position = at;
  for (std::size_t i = 0; i < piece.text.size(); ++i) {
    if (position >= text.size()) return kNoMatch;
    if (piece.any[i]) {
      position += character_bytes(text, position);
    } else if (fold(text[position], ignore_case) == piece.text[i]) {
      ++position;
    } else {
      return kNoMatch;
    }
  }
  return position - at;
}

bool like(const LikePattern& pattern, std::string_view text) {
  const auto& pieces = pattern.pieces;
  const auto first = match_at(pieces[0], text, 0, pattern.ignore_case);
  if (first == kNoMatch) return false;
  if (pieces.size() == 1) return first == text.size();
  std::size_t at = first;
  // Leftmost matches of the inner pieces leave the most room for the rest.
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const auto& piece = pieces[i];
    if (piece.text.empty()) continue;
    if (!piece.has_any && !pattern.ignore_case) {
      const auto found = text.find(piece.text, at);
      if (found == kNoMatch) return false;
      at = found + piece.text.size();
      continue;
    }
    std::size_t bytes = kNoMatch;
    for (; at < text.size(); at += character_bytes(text, at)) {
      bytes = match_at(piece, text, at, pattern.ignore_case);
      if (bytes != kNoMatch) break;
    }
    if (bytes == kNoMatch) return false;
    at += bytes;
  }
  const auto& last = pieces.back();
  if (last.text.empty()) return true;
  if (!last.has_any) {
    if (text.size() - at < last.text.size()) return false;
    return match_at(last, text, text.size() - last.text.size(), pattern.ignore_case) ==
           last.text.size();
  }
  // Each piece has a fixed number of characters: try the start that leaves exactly so many.
  std::int64_t characters = 0;
  for (std::size_t i = 0; i < last.text.size(); ++i)
    if (last.any[i] || is_utf8_start(last.text[i])) ++characters;
  const auto rest = text.substr(at);
  const std::int64_t skip = count_characters(rest) - characters;
  if (skip < 0) return false;
  const auto from = at + skip_characters(rest, 0, skip);
  const auto bytes = match_at(last, text, from, pattern.ignore_case);
  return bytes != kNoMatch && from + bytes == text.size();
}

// Null for success, else what is wrong. `escape` has one character or none.
const char* compile(std::string_view text, std::string_view escape, bool ignore_case,
                    LikePattern& pattern) {
  pattern.pieces.assign(1, {});
  pattern.ignore_case = ignore_case;
  const auto literal = [&](std::size_t at, std::size_t bytes) {
    auto& piece = pattern.pieces.back();
    for (std::size_t i = 0; i < bytes; ++i) {
      piece.text += fold(text[at + i], ignore_case);
      piece.any.push_back(false);
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto bytes = character_bytes(text, at);
    if (!escape.empty() && text.substr(at, bytes) == escape) {
      at += bytes;
      if (at >= text.size()) return "LIKE pattern must not end with the escape character";
      const auto escaped = character_bytes(text, at);
      literal(at, escaped);
      at += escaped;
    } else if (text[at] == '%') {
      pattern.pieces.emplace_back();
      ++at;
    } else if (text[at] == '_') {
      pattern.pieces.back().text += '_';
      pattern.pieces.back().any.push_back(true);
      pattern.pieces.back().has_any = true;
      ++at;
    } else {
      literal(at, bytes);
      at += bytes;
    }
  }
  return nullptr;
}

Status like_prepared(const Call& call, Column& out) {
  const auto& pattern = static_cast<const LikePattern&>(*call.node.prepared);
  return with_operand<std::string_view>(*call.args[0], [&](auto text) -> Status {
    fill_bits(call.rows, mutable_words(out.values),
              [&](std::uint32_t row) { return like(pattern, text[row]); });
    return Done{};
  });
}

template <bool kIgnoreCase>
Status like_dynamic(const Call& call, Column& out) {
  Status status;
  auto* bits = mutable_words(out.values);
  std::memset(bits, 0, words_for(call.rows.count) * 8);
  const auto run = [&](auto text, auto patterns, auto escape) {
    LikePattern pattern;
    call.for_each_valid([&](std::uint32_t row) {
      if (!status) return;
      const std::string_view mark = escape[row];
      const char* problem = count_characters(mark) > 1
                                ? "the escape of LIKE must be one character or empty"
                                : compile(patterns[row], mark, kIgnoreCase, pattern);
      if (problem != nullptr) {
        status = call.raise(row, Errc::invalid_function_argument,
                            std::string{problem} + ": " + show(std::string_view{patterns[row]}));
        return;
      }
      bits[row >> 6] |= std::uint64_t{like(pattern, text[row])} << (row & 63);
    });
  };
  with_operand<std::string_view>(*call.args[0], [&](auto text) {
    with_operand<std::string_view>(*call.args[1], [&](auto patterns) {
      if (call.args.size() > 2) {
        with_operand<std::string_view>(*call.args[2],
                                       [&](auto escape) { run(text, patterns, escape); });
      } else {
        run(text, patterns, SameText{"\\"});
      }
    });
  });
  return status;
}

}  // namespace

Result<std::shared_ptr<const Prepared>> prepare_like(std::string_view pattern,
                                                     std::string_view escape, bool ignore_case) {
  auto prepared = std::make_shared<LikePattern>();
  const char* problem = count_characters(escape) > 1
                            ? "the escape of LIKE must be one character or empty"
                            : compile(pattern, escape, ignore_case, *prepared);
  if (problem != nullptr)
    return Error{Errc::invalid_function_argument, std::string{problem} + ": " + show(pattern)};
  return std::shared_ptr<const Prepared>{std::move(prepared)};
}

KernelFunction like_kernel(bool prepared, bool ignore_case) {
  if (prepared) return like_prepared;
  return ignore_case ? like_dynamic<true> : like_dynamic<false>;
}

}  // namespace flow::expr
