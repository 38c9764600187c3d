#include "pg_tree.hpp"
#include "source.hpp"
#include "syntax.hpp"

#include <string_view>

namespace flow::expr {

namespace {

using Json = nlohmann::json;

/// Turns the parser's JSON into Syntax, refusing what is not a scalar expression of ours.
class SyntaxReader {
 public:
  explicit SyntaxReader(const ExpressionText& text) : text_{text} {}

  Result<Syntax> read(const Json& node, std::uint32_t depth);

 private:
  using Parts = std::vector<Syntax>;

  static const Json* find(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto it = object.find(key);
    return it == object.end() ? nullptr : &*it;
  }
  static std::string string_of(const Json& object, const char* key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
  }
  static bool flag(const Json& object, const char* key) {
    const Json* value = find(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
  }
  /// The last of a list of String nodes, and the one before it.
  static std::pair<std::string, std::string> name_of(const Json* list) {
    std::pair<std::string, std::string> result;
    if (list == nullptr || !list->is_array()) return result;
    for (const auto& item : *list) {
      const Json* text = find(item, "String");
      result.second = std::move(result.first);
      result.first = text == nullptr ? std::string{} : string_of(*text, "sval");
    }
    return result;
  }
  std::uint32_t offset_of(const Json& body, std::uint32_t otherwise = 0) const {
    const Json* location = find(body, "location");
    if (location == nullptr || !location->is_number_integer()) return otherwise;
    const auto at = location->get<std::int64_t>();
    if (at < kPrefixBytes) return otherwise;
    return static_cast<std::uint32_t>(
        std::min<std::int64_t>(at - kPrefixBytes, static_cast<std::int64_t>(text_.text.size())));
  }
  Error unsupported(std::string what, std::uint32_t offset, std::string remedy = {}) const {
    auto error = Error{Errc::unsupported_expression, std::move(what)};
    if (!remedy.empty()) error = std::move(error).with_remedy(std::move(remedy));
    return std::move(error).at(place_of(text_, offset));
  }

  Status append(Parts& parts, const Json* node, std::uint32_t depth) {
    if (node == nullptr) return unsupported("an incomplete expression", 0);
    FLOW_ASSIGN(auto syntax, read(*node, depth + 1));
    parts.push_back(std::move(syntax));
    return Done{};
  }
  Status append_all(Parts& parts, const Json* list, std::uint32_t depth) {
    if (list == nullptr) return Done{};
    for (const auto& item : *list) FLOW_TRY(append(parts, &item, depth));
    return Done{};
  }

  Result<Syntax> constant(const Json& body);
  Result<Syntax> column(const Json& body);
  Result<Syntax> operation(const Json& body, std::uint32_t depth);
  Result<Syntax> call(const Json& body, std::uint32_t depth);
  Result<Syntax> cast(const Json& body, std::uint32_t depth);
  Result<Syntax> case_when(const Json& body, std::uint32_t depth);
  Result<Syntax> boolean(const Json& body, std::uint32_t depth);
  Result<Syntax> interval(const Json& type, std::string literal, std::uint32_t offset);
  std::string negative_integer(std::uint32_t offset) const;

  const ExpressionText& text_;
};

Syntax make(SyntaxKind kind, std::uint32_t offset, std::string text = {}) {
  Syntax syntax;
  syntax.kind = kind;
  syntax.offset = offset;
  syntax.text = std::move(text);
  return syntax;
}

// libpg_query 15 writes integers into its JSON only if they are positive, so zero and negative
// numbers (the parser folds `- 5`) are read from the text.
std::string SyntaxReader::negative_integer(std::uint32_t offset) const {
  const std::string_view text{text_.text};
  if (offset >= text.size() || text[offset] != '-') return "0";
  auto at = std::size_t{offset};
  while (at < text.size() && !(text[at] >= '0' && text[at] <= '9')) {
    if (text.substr(at, 2) == "--") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      const auto close = text.find("*/", at);
      at = close == std::string_view::npos ? text.size() : close + 2;
    } else {
      ++at;
    }
  }
  auto end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  auto digits = std::string{text.substr(at, end - at)};
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits.empty() ? std::string{"0"} : "-" + digits;
}

Result<Syntax> SyntaxReader::constant(const Json& body) {
  const auto offset = offset_of(body);
  if (flag(body, "isnull")) return make(SyntaxKind::null_literal, offset);
  if (const Json* integer = find(body, "ival")) {
    const Json* value = find(*integer, "ival");
    auto text = value != nullptr && value->is_number_integer()
                    ? std::to_string(value->get<std::int64_t>())
                    : negative_integer(offset);
    return make(SyntaxKind::integer_literal, offset, std::move(text));
  }
  if (const Json* number = find(body, "fval")) {
    auto text = string_of(*number, "fval");
    const bool integer = text.find_first_not_of("-0123456789") == std::string::npos;
    return make(integer ? SyntaxKind::integer_literal : SyntaxKind::decimal_literal, offset,
                std::move(text));
  }
  if (const Json* truth = find(body, "boolval"))
    return make(SyntaxKind::bool_literal, offset, flag(*truth, "boolval") ? "true" : "false");
  if (const Json* text = find(body, "sval"))
    return make(SyntaxKind::string_literal, offset, string_of(*text, "sval"));
  return unsupported("bit string literals do not exist here", offset,
                     "write bytes as '\\x1f'::bytes");
}

Result<Syntax> SyntaxReader::column(const Json& body) {
  const auto offset = offset_of(body);
  const Json* fields = find(body, "fields");
  if (fields == nullptr || fields->empty()) return unsupported("an empty name", offset);
  for (const auto& field : *fields)
    if (find(field, "A_Star") != nullptr)
      return unsupported("'*' is not a value", offset, "name one column");
  if (fields->size() > 2)
    return unsupported("a name with more than two parts", offset, "write column or input.column");
  auto [name, qualifier] = name_of(fields);
  auto syntax = make(SyntaxKind::column, offset, std::move(name));
  syntax.qualifier = std::move(qualifier);
  syntax.quoted = offset < text_.text.size() && text_.text[offset] == '"';
  return syntax;
}

Result<Syntax> SyntaxReader::operation(const Json& body, std::uint32_t depth) {
  const auto offset = offset_of(body);
  const auto kind = string_of(body, "kind");
  const auto name = name_of(find(body, "name")).first;
  const Json* left = find(body, "lexpr");
  const Json* right = find(body, "rexpr");
  const auto with = [&](SyntaxKind syntax_kind, bool negated) -> Result<Syntax> {
    auto syntax = make(syntax_kind, offset, name);
    syntax.negated = negated;
    if (left != nullptr) FLOW_TRY(append(syntax.args, left, depth));
    const Json* list = right == nullptr ? nullptr : find(*right, "List");
    if (list != nullptr) {
      FLOW_TRY(append_all(syntax.args, find(*list, "items"), depth));
    } else if (right != nullptr) {
      FLOW_TRY(append(syntax.args, right, depth));
    }
    return syntax;
  };
  if (kind == "AEXPR_OP")
    return with(left == nullptr ? SyntaxKind::unary : SyntaxKind::binary, false);
  if (kind == "AEXPR_DISTINCT") return with(SyntaxKind::distinct_from, false);
  if (kind == "AEXPR_NOT_DISTINCT") return with(SyntaxKind::distinct_from, true);
  if (kind == "AEXPR_NULLIF") return with(SyntaxKind::nullif, false);
  if (kind == "AEXPR_IN") return with(SyntaxKind::in_list, name != "=");
  if (kind == "AEXPR_BETWEEN") return with(SyntaxKind::between, false);
  if (kind == "AEXPR_NOT_BETWEEN") return with(SyntaxKind::between, true);
  if (kind == "AEXPR_BETWEEN_SYM") return with(SyntaxKind::between_symmetric, false);
  if (kind == "AEXPR_NOT_BETWEEN_SYM") return with(SyntaxKind::between_symmetric, true);
  if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") {
    const bool ilike = kind == "AEXPR_ILIKE";
    FLOW_ASSIGN(auto syntax, with(ilike ? SyntaxKind::ilike : SyntaxKind::like, name[0] == '!'));
    // ESCAPE arrives as a call around the pattern.
    if (syntax.args.size() == 2 && syntax.args[1].kind == SyntaxKind::call &&
        syntax.args[1].text == "like_escape" && syntax.args[1].args.size() == 2) {
      auto parts = std::move(syntax.args[1].args);
      syntax.args[1] = std::move(parts[0]);
      syntax.args.push_back(std::move(parts[1]));
    }
    return syntax;
  }
  if (kind == "AEXPR_SIMILAR")
    return unsupported("SIMILAR TO does not exist here", offset, "use LIKE");
  return unsupported("arrays (ANY, ALL) do not exist here", offset, "use IN (…)");
}

Result<Syntax> SyntaxReader::call(const Json& body, std::uint32_t depth) {
  const auto offset = offset_of(body);
  const auto [name, qualifier] = name_of(find(body, "funcname"));
  for (const auto* key :
       {"agg_star", "agg_distinct", "agg_filter", "agg_order", "agg_within_group"}) {
    const Json* value = find(body, key);
    if (value != nullptr && !(value->is_boolean() && !value->get<bool>()))
      return unsupported("'" + name + "' is called as an aggregate", offset,
                         "aggregates belong into a step's `aggregate:`");
  }
  if (find(body, "over") != nullptr)
    return unsupported("window functions do not exist in expressions", offset);
  if (find(body, "func_variadic") != nullptr)
    return unsupported("VARIADIC does not exist here", offset);
  auto syntax = make(SyntaxKind::call, offset, name);
  FLOW_TRY(append_all(syntax.args, find(body, "args"), depth));
  if (name == "timezone" && qualifier == "pg_catalog")
    return unsupported("AT TIME ZONE does not exist here", offset,
                       "timestamps are UTC; add or subtract an interval");
  // The syntax `btrim`, `overlay`, `position (a IN b)` arrives as calls already.
  return syntax;
}

Result<Syntax> SyntaxReader::interval(const Json& type, std::string literal, std::uint32_t offset) {
  auto syntax = make(SyntaxKind::interval, offset, std::move(literal));
  const Json* modifiers = find(type, "typmods");
  if (modifiers == nullptr || modifiers->empty()) return syntax;
  const Json* constant_node = find((*modifiers)[0], "A_Const");
  const Json* number = constant_node == nullptr ? nullptr : find(*constant_node, "ival");
  const Json* value = number == nullptr ? nullptr : find(*number, "ival");
  struct Unit {
    int mask;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{1 << 2, "year"},  {1 << 1, "month"},   {1 << 3, "day"},
                                    {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}};
  for (const auto& unit : kUnits) {
    if (value != nullptr && *value == unit.mask && modifiers->size() == 1) {
      syntax.qualifier = unit.name;
      return syntax;
    }
  }
  return unsupported("this form of interval does not exist here", offset,
                     "write the units into the text: interval '1 day 2 hours'");
}

Result<Syntax> SyntaxReader::cast(const Json& body, std::uint32_t depth) {
  const Json* type = find(body, "typeName");
  if (type == nullptr) return unsupported("a cast without a type", offset_of(body));
  const auto offset = offset_of(*type, offset_of(body));
  const auto [name, qualifier] = name_of(find(*type, "names"));
  const Json* argument = find(body, "arg");
  if (find(*type, "arrayBounds") != nullptr || flag(*type, "setof"))
    return unsupported("arrays do not exist here", offset);
  if (name == "interval") {
    const Json* literal = argument == nullptr ? nullptr : find(*argument, "A_Const");
    const Json* text = literal == nullptr ? nullptr : find(*literal, "sval");
    if (text == nullptr)
      return unsupported("only a literal can become an interval", offset,
                         "multiply: delay * interval '1 minute'");
    return interval(*type, string_of(*text, "sval"), offset_of(*literal, offset));
  }
  const Json* modifiers = find(*type, "typmods");
  if (modifiers != nullptr && !modifiers->empty())
    return unsupported("types with a length or precision do not exist here", offset,
                       "use substring or round");
  auto syntax = make(SyntaxKind::cast, offset, name);
  FLOW_TRY(append(syntax.args, argument, depth));
  return syntax;
}

Result<Syntax> SyntaxReader::case_when(const Json& body, std::uint32_t depth) {
  auto syntax = make(SyntaxKind::case_when, offset_of(body));
  if (const Json* operand = find(body, "arg")) {
    syntax.has_operand = true;
    FLOW_TRY(append(syntax.args, operand, depth));
  }
  if (const Json* arms = find(body, "args")) {
    for (const auto& arm : *arms) {
      const Json* when = find(arm, "CaseWhen");
      if (when == nullptr) return unsupported("an incomplete CASE", syntax.offset);
      FLOW_TRY(append(syntax.args, find(*when, "expr"), depth));
      FLOW_TRY(append(syntax.args, find(*when, "result"), depth));
    }
  }
  if (const Json* otherwise = find(body, "defresult")) {
    syntax.has_else = true;
    FLOW_TRY(append(syntax.args, otherwise, depth));
  }
  return syntax;
}

Result<Syntax> SyntaxReader::boolean(const Json& body, std::uint32_t depth) {
  const auto operation = string_of(body, "boolop");
  auto syntax = make(operation == "AND_EXPR"  ? SyntaxKind::logic_and
                     : operation == "OR_EXPR" ? SyntaxKind::logic_or
                                              : SyntaxKind::logic_not,
                     offset_of(body));
  FLOW_TRY(append_all(syntax.args, find(body, "args"), depth));
  return syntax;
}

Result<Syntax> SyntaxReader::read(const Json& node, std::uint32_t depth) {
  if (!node.is_object() || node.size() != 1) return unsupported("an incomplete expression", 0);
  const auto& kind = node.begin().key();
  const Json& body = node.begin().value();
  if (depth > kMaxExpressionDepth) {
    return Error{Errc::expression_too_large, "expression is nested too deeply"}
        .with_cause("more than " + std::to_string(kMaxExpressionDepth) + " levels")
        .at(place_of(text_, offset_of(body)));
  }
  const auto list_call = [&](SyntaxKind syntax_kind) -> Result<Syntax> {
    auto syntax = make(syntax_kind, offset_of(body));
    FLOW_TRY(append_all(syntax.args, find(body, "args"), depth));
    return syntax;
  };
  if (kind == "A_Const") return constant(body);
  if (kind == "ColumnRef") return column(body);
  if (kind == "A_Expr") return operation(body, depth);
  if (kind == "BoolExpr") return boolean(body, depth);
  if (kind == "FuncCall") return call(body, depth);
  if (kind == "TypeCast") return cast(body, depth);
  if (kind == "CaseExpr") return case_when(body, depth);
  if (kind == "CoalesceExpr") return list_call(SyntaxKind::coalesce);
  if (kind == "MinMaxExpr")
    return list_call(string_of(body, "op") == "IS_LEAST" ? SyntaxKind::least
                                                         : SyntaxKind::greatest);
  if (kind == "NullTest") {
    auto syntax = make(SyntaxKind::is_null, offset_of(body));
    syntax.negated = string_of(body, "nulltesttype") == "IS_NOT_NULL";
    FLOW_TRY(append(syntax.args, find(body, "arg"), depth));
    return syntax;
  }
  if (kind == "BooleanTest") {
    const auto test = string_of(body, "booltesttype");
    const bool negated = test.rfind("IS_NOT_", 0) == 0;
    const auto what = test.substr(negated ? 7 : std::min<std::size_t>(3, test.size()));
    auto syntax = make(what == "TRUE"    ? SyntaxKind::is_true
                       : what == "FALSE" ? SyntaxKind::is_false
                                         : SyntaxKind::is_unknown,
                       offset_of(body));
    syntax.negated = negated;
    FLOW_TRY(append(syntax.args, find(body, "arg"), depth));
    return syntax;
  }
  const auto offset = offset_of(body);
  if (kind == "SubLink")
    return unsupported("subqueries do not exist in expressions", offset, "use a `join` step");
  if (kind == "SQLValueFunction") {
    const auto bytes = token_bytes(text_.text, offset);
    const auto name = text_.text.substr(offset, bytes);
    return Error{Errc::not_deterministic, "'" + name + "' is not deterministic"}
        .with_cause("rows are processed again after a failure and must give the same result")
        .with_remedy("use a timestamp column of the row; for a column of that name write \"" +
                     name + "\"")
        .at(place_of(text_, offset));
  }
  if (kind == "A_ArrayExpr") return unsupported("arrays do not exist here", offset);
  if (kind == "RowExpr")
    return unsupported("rows do not exist here", offset, "compare column by column");
  if (kind == "A_Indirection")
    return unsupported("subscripts and fields do not exist here", offset);
  if (kind == "ParamRef") return unsupported("parameters do not exist here", offset);
  if (kind == "CollateClause")
    return unsupported("COLLATE does not exist here", offset, "text compares by its bytes");
  if (kind == "NamedArgExpr") return unsupported("named arguments do not exist here", offset);
  return unsupported("'" + kind + "' does not exist in expressions", offset);
}

}  // namespace

Result<Syntax> parse_expression(const ExpressionText& text) {
  FLOW_ASSIGN(auto tree, parse_target(text));
  return SyntaxReader{text}.read(*tree.target, 1);
}

}  // namespace flow::expr
