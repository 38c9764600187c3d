// -x, abs(x) and NOT x.
#include "kernels.hpp"
#include "operands.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

namespace flow::expr {

namespace {

template <class T, bool kAbsolute>
Status negate_integer(const Call& call, Column& out) {
  return with_operand<T>(*call.args[0], [&](auto value) -> Status {
    T* result = out.values.mutable_as<T>();
    bool bad = false;
    constexpr T kMin = std::numeric_limits<T>::min();
    run_rows(call.rows, [&](std::uint32_t row) {
      const T a = value[row];
      bad |= a == kMin;
      const auto negative =
          static_cast<T>(std::make_unsigned_t<T>{0} - static_cast<std::make_unsigned_t<T>>(a));
      result[row] = kAbsolute && a >= 0 ? a : negative;
    });
    if (!bad) [[likely]]
      return Done{};
    const auto row = first_failed(call, [&](std::uint32_t r) { return value[r] == kMin; });
    if (row == EvalContext::kNoRow) return Done{};
    return call.raise(row, Errc::value_out_of_range,
                      std::string{sizeof(T) == 4 ? "int32" : "int64"} +
                          " out of range: " + (kAbsolute ? "abs(" : "-(") + show(value[row]) + ")");
  });
}

template <bool kAbsolute>
Status negate_float(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto value) -> Status {
    double* result = out.values.mutable_as<double>();
    run_rows(call.rows, [&](std::uint32_t row) {
      result[row] = kAbsolute ? std::abs(value[row]) : -value[row];
    });
    return Done{};
  });
}

Status negate_interval(const Call& call, Column& out) {
  return with_operand<Interval>(*call.args[0], [&](auto value) -> Status {
    auto* result = out.values.mutable_as<Interval>();
    Status status;
    call.rows.for_each([&](std::uint32_t row) {
      const Interval a = value[row];
      Interval negated;
      // All three are computed, whatever the first says.
      const int bad = int{__builtin_sub_overflow(0, a.months, &negated.months)} |
                      int{__builtin_sub_overflow(0, a.days, &negated.days)} |
                      int{__builtin_sub_overflow(std::int64_t{0}, a.micros, &negated.micros)};
      result[row] = negated;
      if (bad != 0 && status && call.is_valid(row))
        status = call.raise(row, Errc::time_out_of_range, "interval out of range");
    });
    return status;
  });
}

Status logical_not(const Call& call, Column& out) {
  const Column& arg = *call.args[0];
  auto* result = mutable_words(out.values);
  const auto count = words_for(call.rows.count);
  if (arg.encoding == Encoding::constant) {
    std::memset(result, constant_bool(arg) ? 0 : 0xFF, count * 8);
    return Done{};
  }
  const auto* in = words(arg.values);
  FLOW_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) result[i] = ~in[i];
  return Done{};
}

}  // namespace

KernelFunction negate_kernel(DataType type) {
  if (type == kInterval) return negate_interval;
  switch (type.id) {
    case TypeId::int32:
      return negate_integer<std::int32_t, false>;
    case TypeId::int64:
      return negate_integer<std::int64_t, false>;
    case TypeId::float64:
      return negate_float<false>;
    default:
      return nullptr;
  }
}

KernelFunction absolute_kernel(DataType type) {
  switch (type.id) {
    case TypeId::int32:
      return negate_integer<std::int32_t, true>;
    case TypeId::int64:
      return negate_integer<std::int64_t, true>;
    case TypeId::float64:
      return negate_float<true>;
    default:
      return nullptr;
  }
}

KernelFunction not_kernel() { return logical_not; }

}  // namespace flow::expr
