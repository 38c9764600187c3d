#pragma once

#include "flow/base/error.hpp"
#include "flow/expr/expression.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace flow::expr {

enum class SyntaxKind : std::uint8_t {
  null_literal,
  bool_literal,     // text: true, false
  integer_literal,  // text: digits, possibly with a leading '-'
  decimal_literal,
  string_literal,
  column,     // text: the name, folded as SQL does; qualifier: what stood before the dot
  unary,      // text: the operator
  binary,     // text: the operator
  call,       // text: the function's name
  cast,       // text: the type's name
  interval,   // text: the literal; qualifier: unit of bare numbers or empty
  logic_and,  // n-ary
  logic_or,   // n-ary
  logic_not,
  case_when,  // args: [operand] (when then)* [else]
  coalesce,
  nullif,
  greatest,
  least,
  in_list,  // args: operand, items
  between,  // args: operand, low, high
  between_symmetric,
  like,  // args: operand, pattern [escape]
  ilike,
  is_null,
  is_true,
  is_false,
  is_unknown,
  distinct_from,
};

/// One node of a parsed expression, before names and types are known.
struct Syntax {
  SyntaxKind kind = SyntaxKind::null_literal;
  bool negated = false;      // NOT IN, NOT LIKE, IS NOT …
  bool has_operand = false;  // case_when
  bool has_else = false;     // case_when
  bool quoted = false;       // column: the name stood in double quotes
  std::uint32_t offset = 0;  // bytes from the start of the text
  std::string text;
  std::string qualifier;
  std::vector<Syntax> args;
};

/// Parses one scalar expression. Errors point at the text.
Result<Syntax> parse_expression(const ExpressionText& text);

/// Normalised text: fully parenthesised, keywords in capitals, names quoted where needed.
std::string canonical_text(const Syntax& syntax);

}  // namespace flow::expr
