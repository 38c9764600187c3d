#include "flow/expr/aggregate_call.hpp"

#include "pg_tree.hpp"
#include "source.hpp"

namespace flow {

namespace {

using expr::place_of;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Walks over SQL text that the parser has accepted, token by token: quotes and comments are one.
class Walker {
 public:
  explicit Walker(std::string_view text, std::size_t at = 0) : text_{text}, at_{at} {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }

  void skip_blanks() {
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (text_.substr(at_, 2) == "--") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        int depth = 0;
        do {
          depth += text_.substr(at_, 2) == "/*" ? 1 : text_.substr(at_, 2) == "*/" ? -1 : 0;
          at_ += text_.substr(at_, 2) == "/*" || text_.substr(at_, 2) == "*/" ? 2u : 1u;
        } while (depth > 0 && at_ < text_.size());
      } else {
        return;
      }
    }
  }
  /// Moves behind one token: a quoted text, a word or one other character.
  void token() {
    const char c = text_[at_];
    if (c == '\'' || c == '"')
      return quoted(c, at_ > 0 && (text_[at_ - 1] == 'E' || text_[at_ - 1] == 'e'));
    if (c == '$') return dollar();
    if (is_word(c)) {
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      return;
    }
    ++at_;
  }
  /// The word at this place in lower case, without moving; empty if there is none.
  [[nodiscard]] std::string word() const {
    std::string out;
    for (auto i = at_; i < text_.size() && is_word(text_[i]); ++i)
      out += text_[i] >= 'A' && text_[i] <= 'Z' ? static_cast<char>(text_[i] + 32) : text_[i];
    return out;
  }

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80u) != 0;
  }
  void quoted(char mark, bool escapes) {
    ++at_;
    while (at_ < text_.size()) {
      if (escapes && text_[at_] == '\\') {
        at_ += 2;
      } else if (text_[at_] != mark) {
        ++at_;
      } else if (text_.substr(at_ + 1, 1) == std::string_view{&mark, 1}) {
        at_ += 2;
      } else {
        ++at_;
        return;
      }
    }
    at_ = text_.size();
  }
  void dollar() {
    const auto close = text_.find('$', at_ + 1);
    if (close == std::string_view::npos) {
      ++at_;
      return;
    }
    const auto tag = text_.substr(at_, close + 1 - at_);
    const auto end = text_.find(tag, close + 1);
    at_ = end == std::string_view::npos ? at_ + 1 : end + tag.size();
  }

  std::string_view text_;
  std::size_t at_;
};

ExpressionText trimmed_part(const ExpressionText& text, std::size_t from, std::size_t to) {
  while (from < to && is_space(text.text[from])) ++from;
  while (to > from && is_space(text.text[to - 1])) --to;
  return expr::part_of(text, from, to);
}

/// From behind an opening parenthesis to its closing one; `commas` get the top-level commas.
std::size_t closing(Walker& walker, std::vector<std::size_t>* commas) {
  int depth = 0;
  for (walker.skip_blanks(); !walker.at_end(); walker.skip_blanks()) {
    const char c = walker.peek();
    if (c == '(' || c == '[') ++depth;
    if (c == ')' && depth == 0) return walker.at();
    if (c == ')' || c == ']') --depth;
    if (c == ',' && depth == 0 && commas != nullptr) commas->push_back(walker.at());
    walker.token();
  }
  return walker.at();
}

}  // namespace

Result<AggregateCall> parse_aggregate(const ExpressionText& text) {
  FLOW_ASSIGN(auto tree, expr::parse_target(text));
  const auto whole = static_cast<std::uint32_t>(text.text.size());
  const auto refuse = [&](std::string what) -> Error {
    return Error{Errc::not_an_aggregate, std::move(what)}
        .with_remedy(
            "write one call, such as count(), avg(delay) or sum(price * 2); compute before or "
            "after it in a step "
            "of its own")
        .at(place_of(text, 0, whole));
  };
  const auto found = tree.target->find("FuncCall");
  if (found == tree.target->end()) return refuse("not an aggregate call");
  const auto& body = *found;
  for (const auto* key : {"over", "agg_order", "agg_within_group", "func_variadic"})
    if (body.contains(key))
      return refuse("OVER, ORDER BY, WITHIN GROUP and VARIADIC do not exist here");
  if (body.value("funcformat", "") == "COERCE_SQL_SYNTAX") return refuse("not an aggregate call");

  AggregateCall call;
  for (const auto& part : body.at("funcname"))
    call.function = part.at("String").at("sval").get<std::string>();
  call.distinct = body.value("agg_distinct", false);
  Walker walker{text.text};
  walker.skip_blanks();
  call.place = place_of(text, static_cast<std::uint32_t>(walker.at()));
  while (!walker.at_end() && walker.peek() != '(') {
    walker.token();
    walker.skip_blanks();
  }
  if (walker.at_end()) return refuse("not an aggregate call");
  walker.token();
  walker.skip_blanks();
  if (walker.word() == "distinct" || walker.word() == "all") walker.token();
  auto from = walker.at();
  std::vector<std::size_t> cuts;
  const auto end = closing(walker, &cuts);
  if (body.contains("args")) {
    cuts.push_back(end);
    for (const auto cut : cuts) {
      call.arguments.push_back(trimmed_part(text, from, cut));
      from = cut + 1;
    }
  }
  if (body.contains("agg_filter")) {
    walker.token();
    while (!walker.at_end() && walker.word() != "where") {
      walker.skip_blanks();
      if (!walker.at_end() && walker.word() != "where") walker.token();
    }
    walker.token();
    const auto start = walker.at();
    call.filter = trimmed_part(text, start, closing(walker, nullptr));
  }
  return call;
}

}  // namespace flow
