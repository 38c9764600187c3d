#include "binder.hpp"

#include "kernels/bits.hpp"
#include "kernels/kernels.hpp"
#include "kernels/operands.hpp"
#include "kernels/text_forms.hpp"
#include "source.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace flow::expr {

std::string name_of(DataType type) {
  return type == kInterval ? "interval" : std::string{to_string(type)};
}

bool is_null(const Node& node) { return node.is_constant() && is_null_constant(node.constant); }

Binder::Binder(const ExpressionText& text, const Schema& schema, const CompileOptions& options)
    : text_{text}, schema_{schema}, options_{options}, pool_{SlabPool::make(ByteCount{0})} {}

Result<NodePtr> Binder::bind_root(const Syntax& syntax) {
  FLOW_ASSIGN(auto bound, bind(syntax));
  const auto whole = static_cast<std::uint32_t>(text_.text.size());
  if (options_.expected) {
    if (!can_coerce(bound, *options_.expected)) {
      return Error{Errc::type_mismatch, "expression is " + name_of(bound.type()) + ", expected " +
                                            name_of(*options_.expected)}
          .with_remedy(*options_.expected == types::boolean
                           ? "write a condition, such as a comparison"
                           : "write a cast: (…)::" + name_of(*options_.expected))
          .at(place_of(text_, 0, whole));
    }
    return coerce(bound, *options_.expected);
  }
  if (bound.type() == kInterval) {
    return Error{Errc::type_mismatch, "expression is an interval, which no column can hold"}
        .with_remedy("extract(epoch FROM …) gives its seconds")
        .at(place_of(text_, 0, whole));
  }
  return bound.node;
}

Result<Binder::Bound> Binder::bind_conditional(const Syntax& syntax) {
  ++conditional_;
  auto bound = bind(syntax);
  --conditional_;
  return bound;
}

Result<Binder::BoundList> Binder::bind_all(const Syntax& syntax, bool first_is_certain) {
  BoundList list;
  for (const auto& arg : syntax.args) {
    const bool certain = first_is_certain && list.empty();
    FLOW_ASSIGN(auto bound, certain ? bind(arg) : bind_conditional(arg));
    list.push_back(std::move(bound));
  }
  return list;
}

Result<Binder::Bound> Binder::bind(const Syntax& syntax) {
  const auto at = syntax.offset;
  switch (syntax.kind) {
    case SyntaxKind::null_literal:
      return Bound{null_of(types::null, at), true, at};
    case SyntaxKind::bool_literal:
      return Bound{truth(syntax.text == "true", at), false, at};
    case SyntaxKind::integer_literal:
    case SyntaxKind::decimal_literal:
      return number(syntax);
    case SyntaxKind::string_literal:
      return Bound{constant(text_constant(types::string, syntax.text, *pool_), at), true, at};
    case SyntaxKind::column:
      return column(syntax);
    case SyntaxKind::unary:
      return unary(syntax);
    case SyntaxKind::binary:
      return binary(syntax);
    case SyntaxKind::call:
      return call(syntax);
    case SyntaxKind::cast:
      return cast(syntax);
    case SyntaxKind::interval: {
      auto interval = parse_interval(syntax.text, syntax.qualifier);
      if (!interval) return std::move(interval).error().at(place_of(text_, at));
      return Bound{constant(fixed_constant(kInterval, *interval, *pool_), at), false, at};
    }
    case SyntaxKind::logic_and:
    case SyntaxKind::logic_or:
    case SyntaxKind::logic_not:
      return logic(syntax);
    case SyntaxKind::case_when:
      return case_when(syntax);
    case SyntaxKind::coalesce:
    case SyntaxKind::greatest:
    case SyntaxKind::least:
      return choose(syntax);
    case SyntaxKind::nullif:
      return nullif(syntax);
    case SyntaxKind::in_list:
      return in_list(syntax);
    case SyntaxKind::between:
    case SyntaxKind::between_symmetric:
      return between(syntax);
    case SyntaxKind::like:
    case SyntaxKind::ilike:
      return like(syntax);
    case SyntaxKind::is_null:
    case SyntaxKind::is_true:
    case SyntaxKind::is_false:
    case SyntaxKind::is_unknown:
      return test(syntax);
    case SyntaxKind::distinct_from:
      return distinct_from(syntax);
  }
  return Error{Errc::unsupported_expression, "unknown construct"};
}

// ── names ──────────────────────────────────────────────────────────────────────────────────────

Error Binder::unknown_column(const Syntax& syntax) const {
  std::vector<std::string> names;
  for (const auto& field : schema_.fields()) names.push_back(field.name);
  auto message = "no column '" + syntax.text + "'";
  if (!options_.input.empty()) message += " in '" + options_.input + "'";
  auto error = Error{Errc::unknown_column, std::move(message)};
  if (names.empty()) {
    error = std::move(error).with_remedy("there are no columns here; text stands in single quotes");
  } else {
    error = std::move(error).with_note(
        "columns" + (options_.input.empty() ? std::string{} : " of '" + options_.input + "'") +
        ": " + quoted_list(names));
    const auto suggestion = nearest(syntax.text, names);
    if (suggestion) {
      error = std::move(error).with_remedy("did you mean '" + *suggestion + "'?");
    } else if (syntax.quoted) {
      error = std::move(error).with_remedy("text stands in single quotes, names in double quotes");
    }
  }
  return std::move(error).at(place_of(text_, syntax.offset));
}

Result<Binder::Bound> Binder::column(const Syntax& syntax) {
  auto index = schema_.index_of(syntax.text);
  if (!syntax.qualifier.empty()) {
    // A join names the columns of its sides `side.column`.
    index = schema_.index_of(syntax.qualifier + "." + syntax.text);
    if (!index && syntax.qualifier == options_.input) index = schema_.index_of(syntax.text);
    if (!index && syntax.qualifier != options_.input && !options_.input.empty()) {
      return Error{Errc::unknown_column, "no input '" + syntax.qualifier + "' here"}
          .with_remedy("the input is '" + options_.input + "'; its columns need no prefix")
          .at(place_of(text_, syntax.offset));
    }
  }
  if (!index && !syntax.quoted && syntax.qualifier.empty()) {
    // SQL folds unquoted names; the schema may have kept its capitals.
    const auto spelled = text_.text.substr(syntax.offset, token_bytes(text_.text, syntax.offset));
    index = schema_.index_of(spelled);
  }
  if (!index) return unknown_column(syntax);
  const auto& field = schema_.field(*index);
  if (field.type == types::null)
    return Bound{null_of(types::null, syntax.offset), true, syntax.offset};
  auto node = make(NodeKind::column, field.type, {}, syntax.offset, field.name);
  node->column = static_cast<std::uint32_t>(*index);
  node->nullable = field.nullable;
  return Bound{std::move(node), false, syntax.offset};
}

Result<Binder::Bound> Binder::number(const Syntax& syntax) {
  const auto at = syntax.offset;
  if (syntax.kind == SyntaxKind::integer_literal) {
    std::int64_t value = 0;
    const char* end = syntax.text.data() + syntax.text.size();
    const auto parsed = std::from_chars(syntax.text.data(), end, value);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
      const bool small = value >= std::numeric_limits<std::int32_t>::min() &&
                         value <= std::numeric_limits<std::int32_t>::max();
      return Bound{
          constant(small ? fixed_constant(types::int32, static_cast<std::int32_t>(value), *pool_)
                         : fixed_constant(types::int64, value, *pool_),
                   at),
          false, at};
    }
  }
  // PostgreSQL's numeric; here the nearest double.
  double value = 0;
  if (read_double(syntax.text, value) != Reading::good) {
    return Error{Errc::invalid_literal, "'" + syntax.text + "' does not fit float64"}.at(
        place_of(text_, at));
  }
  return Bound{constant(fixed_constant(types::float64, value, *pool_), at), false, at};
}

// ── nodes ──────────────────────────────────────────────────────────────────────────────────────

std::shared_ptr<Node> Binder::make(NodeKind kind, DataType type, std::vector<NodePtr> args,
                                   std::uint32_t offset, std::string label) const {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->type = type;
  node->offset = offset;
  node->label = std::move(label);
  node->text = &text_;
  node->nullable = false;
  for (const auto& arg : args) {
    node->nullable = node->nullable || arg->nullable;
    node->can_raise = node->can_raise || arg->can_raise;
    node->costly = node->costly || arg->costly;
  }
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Binder::make_call(KernelFunction kernel, DataType type, std::vector<NodePtr> args,
                                  std::uint32_t offset, std::string label, bool can_raise,
                                  bool costly, std::shared_ptr<const Prepared> prepared,
                                  bool adds_nulls) {
  for (const auto& arg : args)
    if (is_null(*arg)) return null_of(type, offset);
  auto node = make(NodeKind::call, type, std::move(args), offset, std::move(label));
  node->kernel = kernel;
  node->prepared = std::move(prepared);
  node->can_raise = node->can_raise || can_raise;
  node->costly = node->costly || costly;
  node->nullable = node->nullable || adds_nulls;
  return fold(std::move(node));
}

Result<NodePtr> Binder::fold(std::shared_ptr<Node> node) {
  for (const auto& arg : node->args)
    if (!arg->is_constant()) return NodePtr{std::move(node)};
  EvalContext context{*pool_};
  auto value = evaluate_node(*node, Batch{}, Rows::all_of(1), context);
  if (value) {
    auto column = *std::move(value);
    if (column.encoding != Encoding::constant) column = as_constant(std::move(column));
    return constant(std::move(column), node->offset);
  }
  // Where it might never be evaluated, it stays and raises when it is.
  if (conditional_ > 0) return NodePtr{std::move(node)};
  auto error = Error{value.error().code(), value.error().message()};
  return std::move(error).at(place_of(text_, node->offset));
}

NodePtr Binder::constant(Column value, std::uint32_t offset) const {
  auto node = make(NodeKind::constant, value.type, {}, offset, {});
  node->nullable = is_null_constant(value);
  node->constant = std::move(value);
  return node;
}

NodePtr Binder::null_of(DataType type, std::uint32_t offset) const {
  return constant(null_constant(type, *pool_), offset);
}

NodePtr Binder::truth(bool value, std::uint32_t offset) const {
  return constant(bool_constant(value, *pool_), offset);
}

}  // namespace flow::expr
