// Types: casts, literals that take the type of their surroundings, what becomes what by itself.
#include "binder.hpp"
#include "kernels/bits.hpp"
#include "kernels/kernels.hpp"
#include "kernels/operands.hpp"
#include "kernels/text_forms.hpp"
#include "source.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>

namespace flow::expr {

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

}  // namespace

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

}  // namespace flow::expr
