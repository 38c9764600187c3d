#include "binder.hpp"
#include "catalogue.hpp"
#include "kernels/bits.hpp"
#include "kernels/functions.hpp"
#include "source.hpp"

#include "flow/base/nearest.hpp"
#include "flow/expr/functions.hpp"

#include <algorithm>

namespace flow::expr {

namespace {

/// The literal text of an argument that must be one.
std::optional<std::string> literal_of(const Syntax& syntax) {
  if (syntax.kind == SyntaxKind::string_literal) return syntax.text;
  return std::nullopt;
}

}  // namespace

Error Binder::unknown_function(const Syntax& syntax) const {
  if (const char* reason = refusal_of(syntax.text)) {
    const bool aggregate = std::string_view{reason}.find("aggregate") != std::string_view::npos;
    return Error{aggregate ? Errc::unsupported_expression : Errc::not_deterministic,
                 "'" + syntax.text + "' cannot be used in an expression"}
        .with_cause(reason)
        .with_remedy(aggregate ? "" : "use a timestamp column of the row")
        .at(place_of(text_, syntax.offset));
  }
  std::vector<std::string> names{"extract", "date_trunc", "date_part", "coalesce",
                                 "nullif",  "greatest",   "least"};
  for (const auto& overload : overloads()) names.emplace_back(overload.name);
  auto error = Error{Errc::unknown_function, "no function '" + syntax.text + "'"};
  if (const auto suggestion = nearest(syntax.text, names)) {
    error = std::move(error).with_remedy("did you mean '" + *suggestion + "'?");
  } else {
    error = std::move(error).with_remedy("`flowctl functions` lists all functions");
  }
  return std::move(error).at(place_of(text_, syntax.offset));
}

Result<Binder::Bound> Binder::extract(const Syntax& syntax, const BoundList& args) {
  const auto at = syntax.offset;
  const auto field = args.size() == 2 ? literal_of(syntax.args[0]) : std::nullopt;
  if (!field) {
    return Error{Errc::type_mismatch, "extract needs a field and a time"}
        .with_remedy("extract(hour FROM date)")
        .at(place_of(text_, at));
  }
  Bound from = args[1];
  if (from.unknown) {
    FLOW_ASSIGN(from.node, coerce(from, types::timestamp));
  }
  const auto kernel = extract_kernel(from.type());
  if (kernel == nullptr) {
    return Error{Errc::type_mismatch, "extract cannot take " + name_of(from.type())}
        .with_remedy("it takes timestamp, date and interval")
        .at(place_of(text_, at));
  }
  auto prepared = prepare_extract(*field, from.type());
  if (prepared == nullptr) {
    return Error{Errc::invalid_function_argument,
                 name_of(from.type()) + " has no field '" + *field + "'"}
        .with_remedy(
            "fields: year quarter month week day hour minute second milliseconds microseconds dow "
            "isodow doy "
            "isoyear decade century millennium julian epoch")
        .at(place_of(text_, syntax.args[0].offset));
  }
  FLOW_ASSIGN(auto node, make_call(kernel, types::float64, {from.node}, at, "extract", false, true,
                                   std::move(prepared), from.type() == types::timestamp));
  return Bound{std::move(node), false, at};
}

Result<Binder::Bound> Binder::date_trunc(const Syntax& syntax, const BoundList& args) {
  const auto at = syntax.offset;
  const auto unit = args.size() == 2 ? literal_of(syntax.args[0]) : std::nullopt;
  if (!unit || !can_coerce(args[1], types::timestamp)) {
    return Error{Errc::type_mismatch, "date_trunc needs a unit and a timestamp"}
        .with_remedy("date_trunc('hour', date)")
        .at(place_of(text_, at));
  }
  auto prepared = prepare_date_trunc(*unit);
  if (prepared == nullptr) {
    return Error{Errc::invalid_function_argument, "no unit '" + *unit + "'"}
        .with_remedy(
            "units: microseconds milliseconds second minute hour day week month quarter year "
            "decade century millennium")
        .at(place_of(text_, syntax.args[0].offset));
  }
  FLOW_ASSIGN(auto timestamp, coerce(args[1], types::timestamp));
  FLOW_ASSIGN(auto node, make_call(kernel_date_trunc, types::timestamp, {std::move(timestamp)}, at,
                                   "date_trunc", true, true, std::move(prepared)));
  return Bound{std::move(node), false, at};
}

Result<Binder::Bound> Binder::call(const Syntax& syntax) {
  const auto at = syntax.offset;
  const auto& name = syntax.text;
  const bool special = name == "extract" || name == "date_part" || name == "date_trunc";
  const bool known =
      special || std::any_of(overloads().begin(), overloads().end(),
                             [&](const Overload& overload) { return overload.name == name; });
  if (!known) return unknown_function(syntax);
  FLOW_ASSIGN(auto args, bind_all(syntax, true));
  if (name == "date_trunc") return date_trunc(syntax, args);
  if (special) return extract(syntax, args);

  // The overload that converts the fewest arguments.
  const Overload* best = nullptr;
  int best_cost = 0;
  for (const auto& overload : overloads()) {
    if (overload.name != name || overload.arity != args.size()) continue;
    int cost = 0;
    bool fits = true;
    for (std::size_t i = 0; i < args.size(); ++i) {
      fits = fits && can_coerce(args[i], overload.args[i]);
      cost += args[i].unknown || args[i].type() == overload.args[i] ? 0 : 1;
    }
    if (fits && (best == nullptr || cost < best_cost)) {
      best = &overload;
      best_cost = cost;
    }
  }
  if (best == nullptr) {
    std::string found;
    for (const auto& arg : args)
      found += (found.empty() ? "" : ", ") + (arg.unknown ? "text" : name_of(arg.type()));
    auto error = Error{Errc::type_mismatch, "no " + name + "(" + found + ")"};
    for (const auto& entry : function_catalogue())
      if (entry.name == name) error = std::move(error).with_note(std::string{entry.signatures});
    return std::move(error).with_remedy("cast the arguments").at(place_of(text_, at));
  }
  std::vector<NodePtr> nodes;
  for (std::size_t i = 0; i < args.size(); ++i) {
    FLOW_ASSIGN(auto node, coerce(args[i], best->args[i]));
    nodes.push_back(std::move(node));
  }
  FLOW_ASSIGN(auto node, make_call(best->kernel, best->result, std::move(nodes), at, name,
                                   best->can_raise, true));
  return Bound{std::move(node), false, at};
}

}  // namespace flow::expr
