#include "functions.hpp"
#include "kernels.hpp"
#include "operands.hpp"

#include <cmath>
#include <limits>

namespace flow::expr {

namespace {

template <class Function>
Status map_double(const Call& call, Column& out, Function&& function) {
  return with_operand<double>(*call.args[0], [&](auto value) -> Status {
    auto* result = out.values.mutable_as<double>();
    run_rows(call.rows, [&](std::uint32_t row) { result[row] = function(value[row]); });
    return Done{};
  });
}

double round_to(double value, std::int32_t digits) {
  if (!std::isfinite(value) || digits > 330) return value;
  if (digits < -330) return 0;
  // Through decimal text, half away from zero, so that round(2.675, 2) sees the digits people see.
  const double scale = std::pow(10.0, std::abs(digits));
  const double scaled = digits >= 0 ? value * scale : value / scale;
  if (!std::isfinite(scaled) || std::abs(scaled) > 4503599627370496.0) return value;
  double rounded = std::round(scaled);
  const double nudge =
      std::nextafter(scaled, scaled > 0 ? std::numeric_limits<double>::infinity()
                                        : -std::numeric_limits<double>::infinity());
  if (std::round(nudge) != rounded) rounded = std::round(nudge);
  return digits >= 0 ? rounded / scale : rounded * scale;
}

}  // namespace

Status kernel_round(const Call& call, Column& out) {
  return map_double(call, out, [](double value) { return std::nearbyint(value); });
}
Status kernel_floor(const Call& call, Column& out) {
  return map_double(call, out, [](double value) { return std::floor(value); });
}
Status kernel_ceil(const Call& call, Column& out) {
  return map_double(call, out, [](double value) { return std::ceil(value); });
}
Status kernel_trunc(const Call& call, Column& out) {
  return map_double(call, out, [](double value) { return std::trunc(value); });
}
Status kernel_sign(const Call& call, Column& out) {
  return map_double(call, out, [](double value) {
    return value > 0 ? 1.0 : value < 0 ? -1.0 : 0.0;
  });
}

Status kernel_round_digits(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto value) {
    return with_operand<std::int32_t>(*call.args[1], [&](auto digits) -> Status {
      auto* result = out.values.mutable_as<double>();
      call.rows.for_each(
          [&](std::uint32_t row) { result[row] = round_to(value[row], digits[row]); });
      return Done{};
    });
  });
}

Status kernel_sqrt(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto value) -> Status {
    auto* result = out.values.mutable_as<double>();
    Status status;
    call.for_each_valid([&](std::uint32_t row) {
      if (value[row] < 0 && status)
        status =
            call.raise(row, Errc::invalid_function_argument, "square root of " + show(value[row]));
      result[row] = std::sqrt(value[row]);
    });
    return status;
  });
}

Status kernel_power(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto base) {
    return with_operand<double>(*call.args[1], [&](auto exponent) -> Status {
      auto* result = out.values.mutable_as<double>();
      Status status;
      call.for_each_valid([&](std::uint32_t row) {
        const double a = base[row];
        const double b = exponent[row];
        result[row] = std::pow(a, b);
        if (!status) return;
        const auto shown = [&] { return show(a) + " ^ " + show(b); };
        if (a == 0 && b < 0) {
          status = call.raise(row, Errc::invalid_function_argument,
                              "zero to a negative power: " + shown());
        } else if (a < 0 && std::isfinite(a) && std::isfinite(b) && std::floor(b) != b) {
          status = call.raise(row, Errc::invalid_function_argument,
                              "negative number to a power that is not whole: " + shown());
        } else if (std::isfinite(a) && std::isfinite(b) &&
                   (std::isinf(result[row]) || (result[row] == 0 && a != 0))) {
          status = call.raise(row, Errc::value_out_of_range, "float64 out of range: " + shown());
        }
      });
      return status;
    });
  });
}

}  // namespace flow::expr
