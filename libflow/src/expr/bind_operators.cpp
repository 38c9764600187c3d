#include "binder.hpp"
#include "kernels/functions.hpp"
#include "kernels/kernels.hpp"
#include "source.hpp"

namespace flow::expr {

namespace {

bool is_number(DataType type) {
  return type == types::int32 || type == types::int64 || type == types::float64;
}
bool is_time(DataType type) {
  return type == types::date || type == types::timestamp || type == kInterval;
}

std::optional<Comparison> comparison_of(const std::string& op) {
  if (op == "=") return Comparison::equal;
  if (op == "<>" || op == "!=") return Comparison::not_equal;
  if (op == "<") return Comparison::less;
  if (op == "<=") return Comparison::less_equal;
  if (op == ">") return Comparison::greater;
  if (op == ">=") return Comparison::greater_equal;
  return std::nullopt;
}

}  // namespace

Error Binder::no_operator(const std::string& op, const Bound& left, const Bound& right,
                          std::uint32_t offset) const {
  const auto shown = [](const Bound& value) {
    return value.unknown ? std::string{"a text without type"} : name_of(value.type());
  };
  auto error = Error{Errc::type_mismatch,
                     "'" + op + "' cannot take " + shown(left) + " and " + shown(right)};
  const bool numbers = is_number(left.type()) || is_number(right.type());
  const bool texts = left.type() == types::string || right.type() == types::string;
  if (left.unknown && right.unknown) {
    error = std::move(error).with_remedy("give one side a type: '…'::timestamp");
  } else if (numbers && texts) {
    error = std::move(error).with_remedy(
        "cast one side: (…)::" + name_of(is_number(left.type()) ? left.type() : right.type()) +
        " or (…)::string");
  } else if (op == "+" && texts) {
    error = std::move(error).with_remedy("texts are joined with ||");
  } else if (is_time(left.type()) && is_number(right.type())) {
    error = std::move(error).with_remedy("multiply an interval: … * interval '1 minute'");
  } else {
    error = std::move(error).with_remedy("cast one side to the type of the other");
  }
  return std::move(error).at(place_of(text_, offset));
}

Result<Binder::Bound> Binder::unary(const Syntax& syntax) {
  FLOW_ASSIGN(auto value, bind(syntax.args[0]));
  const auto at = syntax.offset;
  const auto mismatch = [&]() -> Error {
    return Error{Errc::type_mismatch, "'" + syntax.text + "' cannot take " + name_of(value.type())}
        .at(place_of(text_, at));
  };
  if (syntax.text != "-" && syntax.text != "+") {
    return Error{Errc::unsupported_expression, "operator '" + syntax.text + "' does not exist here"}
        .at(place_of(text_, at));
  }
  if (value.unknown) {
    FLOW_ASSIGN(value.node, coerce(value, types::float64));
    value.unknown = false;
  }
  const auto kernel = negate_kernel(value.type());
  if (kernel == nullptr || (syntax.text == "+" && value.type() == kInterval)) return mismatch();
  if (syntax.text == "+") return value;
  FLOW_ASSIGN(auto node, make_call(kernel, value.type(), {value.node}, at, "-",
                                   value.type() != types::float64));
  return Bound{std::move(node), false, at};
}

Result<Binder::Bound> Binder::binary(const Syntax& syntax) {
  FLOW_ASSIGN(auto left, bind(syntax.args[0]));
  FLOW_ASSIGN(auto right, bind(syntax.args[1]));
  const auto at = syntax.offset;
  const auto& op = syntax.text;
  const auto bound = [&](Result<NodePtr> node) -> Result<Bound> {
    if (!node) return std::move(node).error();
    return Bound{*std::move(node), false, at};
  };
  if (comparison_of(op)) return bound(compare(op, left, right, at));
  if (op == "||") return bound(concatenate(left, right, at));
  if (op == "+" || op == "-" || op == "*" || op == "/" || op == "%")
    return bound(arithmetic(op, std::move(left), std::move(right), at));
  if (op == "^") {
    if (!can_coerce(left, types::float64) || !can_coerce(right, types::float64))
      return no_operator(op, left, right, at);
    FLOW_ASSIGN(auto base, coerce(left, types::float64));
    FLOW_ASSIGN(auto exponent, coerce(right, types::float64));
    return bound(make_call(kernel_power, types::float64, {std::move(base), std::move(exponent)}, at,
                           "^", true, true));
  }
  auto error = Error{Errc::unsupported_expression, "operator '" + op + "' does not exist here"};
  if (op == "==") error = std::move(error).with_remedy("equality is written with one '='");
  if (op == "&&") error = std::move(error).with_remedy("write AND");
  if (op[0] == '~' || op[0] == '!') error = std::move(error).with_remedy("use LIKE");
  return std::move(error).at(place_of(text_, at));
}

Result<NodePtr> Binder::arithmetic(const std::string& op, Bound left, Bound right,
                                   std::uint32_t offset) {
  if (left.unknown && right.unknown) return no_operator(op, left, right, offset);
  // A text without type becomes what the other side is, or the interval that can be added to it.
  const auto settle = [&](Bound& unknown, DataType other) -> Status {
    DataType wanted = other;
    if ((other == types::timestamp || other == types::date) && op == "+") wanted = kInterval;
    if (other == kInterval && (op == "*" || op == "/")) wanted = types::float64;
    if (!is_number(wanted) && !is_time(wanted)) return Done{};
    FLOW_ASSIGN(unknown.node, coerce(unknown, wanted));
    unknown.unknown = false;
    return Done{};
  };
  if (left.unknown) FLOW_TRY(settle(left, right.type()));
  if (right.unknown) FLOW_TRY(settle(right, left.type()));
  if (left.unknown || right.unknown) return no_operator(op, left, right, offset);

  if (is_time(left.type()) || is_time(right.type()))
    return time_arithmetic(op, left, right, offset);
  const auto type = common_type({left, right});
  if (!type || !is_number(*type)) return no_operator(op, left, right, offset);
  FLOW_ASSIGN(auto a, coerce(left, *type));
  FLOW_ASSIGN(auto b, coerce(right, *type));
  const bool costly = op == "/" || op == "%";
  return make_call(arithmetic_kernel(op, *type), *type, {std::move(a), std::move(b)}, offset, op,
                   true, costly);
}

Result<NodePtr> Binder::time_arithmetic(const std::string& op, const Bound& left,
                                        const Bound& right, std::uint32_t offset) {
  const DataType a = left.type();
  const DataType b = right.type();
  const auto call = [&](KernelFunction kernel, DataType result, NodePtr x, NodePtr y) {
    return make_call(kernel, result, {std::move(x), std::move(y)}, offset, op, true, true);
  };
  const bool plus = op == "+";
  const bool minus = op == "-";
  if ((plus || minus) && b == kInterval && (a == types::timestamp || a == types::date)) {
    FLOW_ASSIGN(auto timestamp, coerce(left, types::timestamp));
    return call(plus ? kernel_timestamp_plus_interval : kernel_timestamp_minus_interval,
                types::timestamp, std::move(timestamp), right.node);
  }
  if (plus && a == kInterval && (b == types::timestamp || b == types::date)) {
    FLOW_ASSIGN(auto timestamp, coerce(right, types::timestamp));
    return call(kernel_timestamp_plus_interval, types::timestamp, std::move(timestamp), left.node);
  }
  if ((plus || minus) && a == kInterval && b == kInterval)
    return call(plus ? kernel_interval_plus_interval : kernel_interval_minus_interval, kInterval,
                left.node, right.node);
  if ((plus || minus) && a == types::date && b == types::int32)
    return call(plus ? kernel_date_plus_days : kernel_date_minus_days, types::date, left.node,
                right.node);
  if (plus && a == types::int32 && b == types::date)
    return call(kernel_date_plus_days, types::date, right.node, left.node);
  if (minus && a == types::date && b == types::date)
    return call(kernel_date_minus_date, types::int32, left.node, right.node);
  if (minus && (a == types::date || a == types::timestamp) &&
      (b == types::date || b == types::timestamp)) {
    FLOW_ASSIGN(auto x, coerce(left, types::timestamp));
    FLOW_ASSIGN(auto y, coerce(right, types::timestamp));
    return call(kernel_timestamp_minus_timestamp, kInterval, std::move(x), std::move(y));
  }
  if (op == "*" && a == kInterval && is_number(b)) {
    FLOW_ASSIGN(auto factor, coerce(right, types::float64));
    return call(kernel_interval_times_number, kInterval, left.node, std::move(factor));
  }
  if (op == "*" && is_number(a) && b == kInterval) {
    FLOW_ASSIGN(auto factor, coerce(left, types::float64));
    return call(kernel_interval_times_number, kInterval, right.node, std::move(factor));
  }
  return no_operator(op, left, right, offset);
}

Result<NodePtr> Binder::concatenate(const Bound& left, const Bound& right, std::uint32_t offset) {
  const bool bytes =
      (left.type() == types::bytes && (right.unknown || right.type() == types::bytes)) ||
      (right.type() == types::bytes && left.unknown);
  const bool text = left.unknown || right.unknown || left.type() == types::string ||
                    right.type() == types::string;
  if (left.type() == kInterval || right.type() == kInterval || (!bytes && !text))
    return no_operator("||", left, right, offset);
  const DataType type = bytes ? types::bytes : types::string;
  const auto side = [&](const Bound& value) -> Result<NodePtr> {
    if (can_coerce(value, type)) return coerce(value, type);
    return make_call(cast_kernel(value.type(), type), type, {value.node}, value.offset, "cast",
                     false, true);
  };
  FLOW_ASSIGN(auto a, side(left));
  FLOW_ASSIGN(auto b, side(right));
  return make_call(kernel_concat, type, {std::move(a), std::move(b)}, offset, "||", true, true);
}

Result<NodePtr> Binder::compare(const std::string& op, const Bound& left, const Bound& right,
                                std::uint32_t offset) {
  const auto type = common_type({left, right});
  const auto kernel = type ? comparison_kernel(*comparison_of(op), *type) : nullptr;
  if (kernel == nullptr) return no_operator(op, left, right, offset);
  FLOW_ASSIGN(auto a, coerce(left, *type));
  FLOW_ASSIGN(auto b, coerce(right, *type));
  return make_call(kernel, types::boolean, {std::move(a), std::move(b)}, offset, op, false,
                   *type == types::string || *type == types::bytes);
}

}  // namespace flow::expr
