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

namespace {

bool is_number(DataType type) {
  return type == types::int32 || type == types::int64 || type == types::float64;
}

/// Whether `from` becomes `to` without being asked.
bool widens(DataType from, DataType to) {
  return (from == types::int32 && (to == types::int64 || to == types::float64)) ||
         (from == types::int64 && to == types::float64) ||
         (from == types::date && to == types::timestamp);
}

bool is_null(const Node& node) { return node.is_constant() && is_null_constant(node.constant); }

}  // namespace

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

// ── conversions ────────────────────────────────────────────────────────────────────────────────

Error Binder::unknown_type(const Syntax& syntax) const {
  struct Hint {
    std::string_view name;
    const char* remedy;
  };
  static constexpr Hint kHints[] = {
      {"numeric", "there is no decimal type yet: use float64, or int64 in the smallest unit"},
      {"decimal", "there is no decimal type yet: use float64, or int64 in the smallest unit"},
      {"int2", "use int32"},
      {"smallint", "use int32"},
      {"float4", "use float64"},
      {"float32", "use float64"},
      {"timestamptz", "timestamps are UTC: use timestamp"},
      {"time", "use timestamp, or extract its parts"},
      {"bpchar", "use string"},
      {"json", "use string"},
  };
  auto error = Error{Errc::unknown_type, "no type '" + syntax.text + "'"}.with_note(
      "types: bool, int32, int64, float64, string, bytes, date, timestamp");
  for (const auto& hint : kHints)
    if (hint.name == syntax.text)
      return std::move(error).with_remedy(hint.remedy).at(place_of(text_, syntax.offset));
  const std::vector<std::string> names{"bool",    "int32",  "int64", "float64",
                                       "string",  "bytes",  "date",  "timestamp",
                                       "integer", "bigint", "text",  "varchar"};
  if (const auto suggestion = nearest(syntax.text, names))
    error = std::move(error).with_remedy("did you mean '" + *suggestion + "'?");
  return std::move(error).at(place_of(text_, syntax.offset));
}

Result<Binder::Bound> Binder::cast(const Syntax& syntax) {
  struct Name {
    std::string_view name;
    DataType type;
  };
  static constexpr Name kNames[] = {
      {"int4", types::int32},   {"int8", types::int64},  {"float8", types::float64},
      {"bool", types::boolean}, {"text", types::string}, {"varchar", types::string},
      {"bytea", types::bytes},  {"date", types::date},   {"timestamp", types::timestamp},
  };
  std::optional<DataType> type;
  for (const auto& name : kNames)
    if (name.name == syntax.text) type = name.type;
  if (!type) type = parse_type(syntax.text);
  if (!type || *type == types::null) return unknown_type(syntax);

  FLOW_ASSIGN(auto from, bind(syntax.args[0]));
  const auto at = syntax.offset;
  if (from.unknown || from.type() == *type || widens(from.type(), *type)) {
    FLOW_ASSIGN(auto node, coerce(from, *type));
    return Bound{std::move(node), false, from.offset};
  }
  const auto kernel = cast_kernel(from.type(), *type);
  if (kernel == nullptr) {
    auto error =
        Error{Errc::type_mismatch, "cannot cast " + name_of(from.type()) + " to " + name_of(*type)};
    if (from.type() == types::boolean && is_number(*type))
      error = std::move(error).with_remedy("cast to int32, or use CASE WHEN … THEN 1 ELSE 0 END");
    if (from.type() == types::timestamp && is_number(*type))
      error = std::move(error).with_remedy("extract(epoch FROM …) gives its seconds");
    return std::move(error).at(place_of(text_, at));
  }
  const bool safe =
      *type == types::string || from.type() == types::int32 || from.type() == types::boolean;
  FLOW_ASSIGN(auto node,
              make_call(kernel, *type, {from.node}, at, "cast", !safe || from.type() == types::date,
                        from.type() == types::string || *type == types::string));
  return Bound{std::move(node), false, at};
}

bool Binder::can_coerce(const Bound& from, DataType to) {
  return from.type() == to || from.type() == types::null || from.unknown || widens(from.type(), to);
}

Result<NodePtr> Binder::read_literal(const Bound& literal, DataType to) {
  const std::string value{literal.node->constant.child->view(0)};
  if (to == types::string) return literal.node;
  if (to == kInterval) {
    auto interval = parse_interval(value, {});
    if (!interval) return std::move(interval).error().at(place_of(text_, literal.offset));
    return constant(fixed_constant(kInterval, *interval, *pool_), literal.offset);
  }
  Node reader;
  reader.kind = NodeKind::call;
  reader.type = to;
  reader.kernel = cast_kernel(types::string, to);
  reader.args = {literal.node};
  EvalContext context{*pool_};
  auto result = evaluate_node(reader, Batch{}, Rows::all_of(1), context);
  if (!result) {
    auto error = Error{Errc::invalid_literal, result.error().message()};
    if (to == types::boolean || is_number(to) || to == types::bytes)
      return std::move(error).at(place_of(text_, literal.offset));
    return std::move(error)
        .with_remedy("write ISO 8601, such as '2008-03-14 09:00:00'")
        .at(place_of(text_, literal.offset));
  }
  return constant(*std::move(result), literal.offset);
}

Result<NodePtr> Binder::coerce(const Bound& from, DataType to) {
  if (from.type() == to) return from.node;
  if (is_null(*from.node)) return null_of(to, from.offset);
  if (from.unknown) return read_literal(from, to);
  const auto kernel = widens(from.type(), to) ? cast_kernel(from.type(), to) : nullptr;
  if (kernel == nullptr) {
    return Error{Errc::type_mismatch, "expected " + name_of(to) + ", found " + name_of(from.type())}
        .with_remedy("write a cast: (…)::" + name_of(to))
        .at(place_of(text_, from.offset));
  }
  return make_call(kernel, to, {from.node}, from.offset, "cast", from.type() == types::date);
}

std::optional<DataType> Binder::common_type(const BoundList& values) {
  std::optional<DataType> type;
  for (const auto& value : values) {
    if (value.unknown || value.type() == types::null) continue;
    if (!type || widens(*type, value.type())) {
      type = value.type();
    } else if (*type != value.type() && !widens(value.type(), *type)) {
      return std::nullopt;
    }
  }
  return type ? *type : types::string;
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
