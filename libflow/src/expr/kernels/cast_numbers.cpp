#include "kernels.hpp"
#include "operands.hpp"

#include <cmath>
#include <limits>

namespace flow::expr {

KernelFunction text_cast_kernel(DataType from, DataType to);
KernelFunction time_cast_kernel(DataType from, DataType to);

namespace {

template <class From, class To>
Status widen(const Call& call, Column& out) {
  return with_operand<From>(*call.args[0], [&](auto value) -> Status {
    To* result = out.values.mutable_as<To>();
    run_rows(call.rows, [&](std::uint32_t row) { result[row] = static_cast<To>(value[row]); });
    return Done{};
  });
}

Error out_of_range(const Call& call, std::uint32_t row, const std::string& value) {
  return call.raise(row, Errc::value_out_of_range,
                    value + " does not fit " + std::string{to_string(call.node.type)});
}

template <class Value, class Fits>
Status raise_first(const Call& call, const Value& value, Fits&& fits) {
  Status status;
  call.for_each_valid([&](std::uint32_t row) {
    if (status && !fits(value[row])) status = out_of_range(call, row, show(value[row]));
  });
  return status;
}

Status int64_to_int32(const Call& call, Column& out) {
  return with_operand<std::int64_t>(*call.args[0], [&](auto value) -> Status {
    auto* result = out.values.mutable_as<std::int32_t>();
    std::int64_t bad = 0;
    run_rows(call.rows, [&](std::uint32_t row) {
      const std::int64_t wide = value[row];
      const auto narrow = static_cast<std::int32_t>(wide);
      bad |= wide ^ narrow;
      result[row] = narrow;
    });
    if (bad == 0) return Done{};
    return raise_first(call, value,
                       [](std::int64_t wide) { return wide == static_cast<std::int32_t>(wide); });
  });
}

// Rounds half to even, as the processor does by default.
template <class To>
Status float_to_integer(const Call& call, Column& out) {
  constexpr double kLow = static_cast<double>(std::numeric_limits<To>::min());
  constexpr double kHigh = -kLow;  // First value that does not fit.
  const auto fits = [](double value) { return value >= kLow && value < kHigh; };
  return with_operand<double>(*call.args[0], [&](auto value) -> Status {
    To* result = out.values.template mutable_as<To>();
    bool bad = false;
    run_rows(call.rows, [&](std::uint32_t row) {
      const double rounded = std::nearbyint(value[row]);
      const bool good = fits(rounded);
      bad |= !good;
      result[row] = good ? static_cast<To>(rounded) : To{0};
    });
    if (!bad) return Done{};
    return raise_first(call, value, [&](double number) { return fits(std::nearbyint(number)); });
  });
}

Status bool_to_int32(const Call& call, Column& out) {
  return with_operand<bool>(*call.args[0], [&](auto value) -> Status {
    auto* result = out.values.mutable_as<std::int32_t>();
    call.rows.for_each([&](std::uint32_t row) { result[row] = value[row] ? 1 : 0; });
    return Done{};
  });
}

Status int32_to_bool(const Call& call, Column& out) {
  return with_operand<std::int32_t>(*call.args[0], [&](auto value) -> Status {
    fill_bits(call.rows, mutable_words(out.values),
              [&](std::uint32_t row) { return value[row] != 0; });
    return Done{};
  });
}

}  // namespace

KernelFunction cast_kernel(DataType from, DataType to) {
  if (from == types::int32 && to == types::int64) return widen<std::int32_t, std::int64_t>;
  if (from == types::int32 && to == types::float64) return widen<std::int32_t, double>;
  if (from == types::int64 && to == types::float64) return widen<std::int64_t, double>;
  if (from == types::int64 && to == types::int32) return int64_to_int32;
  if (from == types::float64 && to == types::int32) return float_to_integer<std::int32_t>;
  if (from == types::float64 && to == types::int64) return float_to_integer<std::int64_t>;
  if (from == types::boolean && to == types::int32) return bool_to_int32;
  if (from == types::int32 && to == types::boolean) return int32_to_bool;
  if (from == types::string || to == types::string) return text_cast_kernel(from, to);
  return time_cast_kernel(from, to);
}

}  // namespace flow::expr
