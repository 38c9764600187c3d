#include "pg_tree.hpp"

#include "source.hpp"

#include <pg_query.h>

#include <memory>
#include <set>

namespace flow::expr {

namespace {

using Json = nlohmann::json;

struct FreeParseResult {
  void operator()(PgQueryParseResult* result) const noexcept {
    pg_query_free_parse_result(*result);
  }
};

/// The parser counts characters from 1, we count bytes from 0.
std::uint32_t byte_offset(const std::string& query, int character) {
  std::size_t at = 0;
  for (int seen = 1; at < query.size() && seen < character; ++seen) {
    ++at;
    while (at < query.size() && (static_cast<unsigned char>(query[at]) & 0xC0u) == 0x80u) ++at;
  }
  return at < kPrefixBytes ? 0 : static_cast<std::uint32_t>(at - kPrefixBytes);
}

Error parser_error(const ExpressionText& text, const std::string& query,
                   const PgQueryError& error) {
  const std::string message = error.message == nullptr ? "syntax error" : error.message;
  const auto offset = byte_offset(query, error.cursorpos);
  if (message.find("memory exhausted") != std::string::npos ||
      message.find("stack depth") != std::string::npos) {
    return Error{Errc::expression_too_large, "expression is nested too deeply"}
        .with_cause("the parser gives up at this depth")
        .with_remedy("an expression may have " + std::to_string(kMaxExpressionDepth) +
                     " levels of nesting")
        .at(place_of(text, offset));
  }
  auto result = Error{Errc::syntax_error, message};
  if (offset >= text.text.size())
    return std::move(result)
        .with_remedy("something is missing at the end")
        .at(place_of(text, static_cast<std::uint32_t>(text.text.size())));
  if (text.text.find("==") != std::string::npos && message.find("==") != std::string::npos)
    result = std::move(result).with_remedy("equality is written with one '='");
  else if (message.find("unterminated") == std::string::npos)
    result =
        std::move(result).with_remedy("names that are reserved words must stand in double quotes");
  return std::move(result).at(place_of(text, offset));
}

Error not_scalar(const ExpressionText& text, const std::string& what) {
  return Error{Errc::unsupported_expression, what}
      .with_remedy("write one expression, such as: delay > 15 AND origin <> destination")
      .at(place_of(text, 0, static_cast<std::uint32_t>(text.text.size())));
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

}  // namespace

Result<PgTree> parse_target(const ExpressionText& text) {
  if (text.text.size() > kMaxExpressionBytes) {
    return Error{Errc::expression_too_large,
                 "expression has " + std::to_string(text.text.size()) + " bytes"}
        .with_cause("at most " + std::to_string(kMaxExpressionBytes) + " are allowed")
        .at(place_of(text, 0, 1));
  }
  std::uint32_t bad = 0;
  if (!is_clean_utf8(text.text, bad))
    return Error{Errc::syntax_error, "expression is not valid UTF-8"}.at(place_of(text, bad, 1));
  if (text.text.find_first_not_of(" \t\r\n") == std::string::npos)
    return Error{Errc::syntax_error, "expression is empty"}.at(place_of(text, 0, 1));

  const std::string query = "SELECT " + text.text;
  auto parsed = pg_query_parse(query.c_str());
  const std::unique_ptr<PgQueryParseResult, FreeParseResult> guard{&parsed};
  if (parsed.error != nullptr) return parser_error(text, query, *parsed.error);

  PgTree tree;
  tree.document = Json::parse(parsed.parse_tree, nullptr, false);
  const Json* statements = find(tree.document, "stmts");
  if (statements == nullptr || !statements->is_array() || statements->empty())
    return Error{Errc::syntax_error, "expression is empty"}.at(place_of(text, 0, 1));
  if (statements->size() != 1) return not_scalar(text, "more than one statement");
  const Json* wrapper = find((*statements)[0], "stmt");
  const Json* select = wrapper == nullptr ? nullptr : find(*wrapper, "SelectStmt");
  if (select == nullptr) return not_scalar(text, "not an expression");
  static constexpr const char* kAllowed[] = {"targetList", "limitOption", "op", "groupDistinct"};
  for (const auto& [key, value] : select->items()) {
    bool allowed = false;
    for (const auto* name : kAllowed) allowed = allowed || key == name;
    const bool union_free = key != "op" || value == "SETOP_NONE";
    if (!allowed || !union_free) return not_scalar(text, "a query where an expression is expected");
  }
  const Json* targets = find(*select, "targetList");
  if (targets == nullptr || targets->empty())
    return Error{Errc::syntax_error, "expression is empty"}.at(place_of(text, 0, 1));
  if (targets->size() != 1) return not_scalar(text, "more than one expression");
  const Json* target = find((*targets)[0], "ResTarget");
  if (target == nullptr) return not_scalar(text, "not an expression");
  if (find(*target, "name") != nullptr) return not_scalar(text, "the expression has a name (AS …)");
  tree.target = find(*target, "val");
  if (tree.target == nullptr) return not_scalar(text, "not an expression");
  return tree;
}

}  // namespace flow::expr
