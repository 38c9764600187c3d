#pragma once

#include "flow/expr/expression.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace flow::expr {

/// Characters in front of the user's text in what the parser sees; locations are relative to it.
inline constexpr std::uint32_t kPrefixBytes = 7;  // "SELECT "

/// The parse tree of `SELECT <text>`'s only target, as the JSON of libpg_query.
struct PgTree {
  nlohmann::json document;
  const nlohmann::json* target = nullptr;  ///< Inside `document`.
};

/// Runs PostgreSQL's parser and checks that the text is one unnamed target and nothing else.
///
/// The library keeps its state in thread-local memory contexts: concurrent calls are safe. It uses
/// setjmp inside, never across this boundary.
///
/// Thread: thread-safe.   Errors: syntax_error, unsupported_expression, expression_too_large.
Result<PgTree> parse_target(const ExpressionText& text);

}  // namespace flow::expr
