#include "constant_divisor.hpp"
#include "kernels.hpp"
#include "operands.hpp"

#include <cmath>
#include <limits>

namespace flow::expr {

namespace {

template <class T>
using Unsigned = std::make_unsigned_t<T>;
template <class T>
constexpr int kSignShift = std::numeric_limits<Unsigned<T>>::digits - 1;

// An operation on integers gives the wrapped result and sets bits of `bad` where it is wrong:
// no branch, so that loops vectorise. `failed` says it again for one row, precisely.
struct Add {
  static constexpr const char* kSymbol = "+";
  template <class T>
  static T apply(T a, T b, Unsigned<T>& bad) noexcept {
    const auto x = static_cast<Unsigned<T>>(a);
    const auto y = static_cast<Unsigned<T>>(b);
    const auto sum = static_cast<Unsigned<T>>(x + y);
    bad |= static_cast<Unsigned<T>>((x ^ sum) & (y ^ sum));
    return static_cast<T>(sum);
  }
  template <class T>
  static bool failed(T a, T b) noexcept {
    T result;
    return __builtin_add_overflow(a, b, &result);
  }
};
struct Subtract {
  static constexpr const char* kSymbol = "-";
  template <class T>
  static T apply(T a, T b, Unsigned<T>& bad) noexcept {
    const auto x = static_cast<Unsigned<T>>(a);
    const auto y = static_cast<Unsigned<T>>(b);
    const auto difference = static_cast<Unsigned<T>>(x - y);
    bad |= static_cast<Unsigned<T>>((x ^ y) & (x ^ difference));
    return static_cast<T>(difference);
  }
  template <class T>
  static bool failed(T a, T b) noexcept {
    T result;
    return __builtin_sub_overflow(a, b, &result);
  }
};

Error overflow(const Call& call, std::uint32_t row, const char* symbol, const std::string& a,
               const std::string& b) {
  return call.raise(row, Errc::value_out_of_range,
                    std::string{call.node.type == types::int32   ? "int32"
                                : call.node.type == types::int64 ? "int64"
                                                                 : "float64"} +
                        " out of range: " + a + " " + symbol + " " + b);
}
Error zero_division(const Call& call, std::uint32_t row, const char* symbol, const std::string& a) {
  return call.raise(row, Errc::division_by_zero, "division by zero: " + a + " " + symbol + " 0");
}

template <class Op, class T>
Status checked(const Call& call, Column& out) {
  return with_operand<T>(*call.args[0], [&](auto left) {
    return with_operand<T>(*call.args[1], [&](auto right) -> Status {
      T* result = out.values.mutable_as<T>();
      Unsigned<T> bad = 0;
      run_rows(call.rows, [&](std::uint32_t row) {
        result[row] = Op::template apply<T>(left[row], right[row], bad);
      });
      if ((bad >> kSignShift<T>) == 0) [[likely]]
        return Done{};
      // In place: the operands may be gone, so results are not written over them (see evaluator).
      const auto row = first_failed(
          call, [&](std::uint32_t r) { return Op::template failed<T>(left[r], right[r]); });
      if (row == EvalContext::kNoRow) return Done{};
      return overflow(call, row, Op::kSymbol, show(left[row]), show(right[row]));
    });
  });
}

Status multiply_int32(const Call& call, Column& out) {
  return with_operand<std::int32_t>(*call.args[0], [&](auto left) {
    return with_operand<std::int32_t>(*call.args[1], [&](auto right) -> Status {
      auto* result = out.values.mutable_as<std::int32_t>();
      std::int64_t bad = 0;
      run_rows(call.rows, [&](std::uint32_t row) {
        const std::int64_t product = std::int64_t{left[row]} * right[row];
        const auto narrow = static_cast<std::int32_t>(product);
        bad |= product ^ narrow;
        result[row] = narrow;
      });
      if (bad == 0) [[likely]]
        return Done{};
      const auto row = first_failed(call, [&](std::uint32_t r) {
        std::int32_t product;
        return __builtin_mul_overflow(left[r], right[r], &product);
      });
      if (row == EvalContext::kNoRow) return Done{};
      return overflow(call, row, "*", show(left[row]), show(right[row]));
    });
  });
}

// Most factors fit 32 bits, and then one vector multiplication per four rows is enough and cannot
// overflow; blocks where one does not are multiplied one by one.
Status multiply_int64(const Call& call, Column& out) {
  return with_operand<std::int64_t>(*call.args[0], [&](auto left) {
    return with_operand<std::int64_t>(*call.args[1], [&](auto right) -> Status {
      auto* result = out.values.mutable_as<std::int64_t>();
      bool bad = false;
      const auto wide = [&](std::uint32_t row) {
        std::int64_t product;
        bad |= __builtin_mul_overflow(left[row], right[row], &product);
        result[row] = product;
      };
      if (call.rows.sparse()) {
        call.rows.for_each(wide);
      } else {
        constexpr std::uint32_t kBlock = 256;
        for (std::uint32_t base = 0; base < call.rows.count; base += kBlock) {
          const std::uint32_t end = std::min(base + kBlock, call.rows.count);
          std::uint64_t large = 0;
          // x + 2^31 has high bits exactly if x does not fit int32.
          FLOW_INDEPENDENT
          for (std::uint32_t row = base; row < end; ++row) {
            large |= (static_cast<std::uint64_t>(left[row]) + 0x80000000ull) |
                     (static_cast<std::uint64_t>(right[row]) + 0x80000000ull);
          }
          if ((large >> 32) == 0) [[likely]] {
            FLOW_INDEPENDENT
            for (std::uint32_t row = base; row < end; ++row)
              result[row] = std::int64_t{static_cast<std::int32_t>(left[row])} *
                            std::int64_t{static_cast<std::int32_t>(right[row])};
          } else {
            for (std::uint32_t row = base; row < end; ++row) wide(row);
          }
        }
      }
      if (!bad) [[likely]]
        return Done{};
      const auto row = first_failed(call, [&](std::uint32_t r) {
        std::int64_t product;
        return __builtin_mul_overflow(left[r], right[r], &product);
      });
      if (row == EvalContext::kNoRow) return Done{};
      return overflow(call, row, "*", show(left[row]), show(right[row]));
    });
  });
}

/// By a constant other than -1, 0 and 1: nothing can go wrong.
template <class T, bool kRemainder>
Status divide_by(T divisor, const Call& call, Column& out) {
  const ConstantDivisor<T> by{divisor};
  return with_operand<T>(*call.args[0], [&](auto left) -> Status {
    T* result = out.values.mutable_as<T>();
    if (by.is_power_of_two()) {
      run_rows(call.rows, [&, by](std::uint32_t row) {
        result[row] =
            kRemainder ? by.remainder_of_power(left[row]) : by.quotient_of_power(left[row]);
      });
    } else {
      run_rows(call.rows, [&, by](std::uint32_t row) {
        result[row] = kRemainder ? by.remainder(left[row]) : by.quotient(left[row]);
      });
    }
    return Done{};
  });
}

template <class T, bool kRemainder>
Status divide(const Call& call, Column& out) {
  if (call.args[1]->encoding == Encoding::constant) {
    const auto divisor = constant_value<T>(*call.args[1]);
    if (divisor < -1 || divisor > 1) return divide_by<T, kRemainder>(divisor, call, out);
  }
  return with_operand<T>(*call.args[0], [&](auto left) {
    return with_operand<T>(*call.args[1], [&](auto right) -> Status {
      T* result = out.values.mutable_as<T>();
      bool bad = false;
      constexpr T kMin = std::numeric_limits<T>::min();
      run_rows(call.rows, [&](std::uint32_t row) {
        const T a = left[row];
        const T b = right[row];
        const bool zero = b == 0;
        const bool minus_one = b == -1;
        bad |= zero || (!kRemainder && minus_one && a == kMin);
        // The processor traps on both; any harmless divisor does.
        const T divisor = zero || minus_one ? T{1} : b;
        if constexpr (kRemainder) {
          result[row] = minus_one || zero ? T{0} : static_cast<T>(a % divisor);
        } else {
          const auto quotient = static_cast<Unsigned<T>>(a / divisor);
          result[row] = static_cast<T>(
              minus_one ? static_cast<Unsigned<T>>(Unsigned<T>{0} - quotient) : quotient);
        }
      });
      if (!bad) [[likely]]
        return Done{};
      const auto row = first_failed(call, [&](std::uint32_t r) {
        return right[r] == 0 || (!kRemainder && right[r] == -1 && left[r] == kMin);
      });
      if (row == EvalContext::kNoRow) return Done{};
      const char* symbol = kRemainder ? "%" : "/";
      if (right[row] == 0) return zero_division(call, row, symbol, show(left[row]));
      return overflow(call, row, symbol, show(left[row]), show(right[row]));
    });
  });
}

// Doubles: infinity from finite operands is an overflow, zero from non-zero factors an underflow.
struct FloatAdd {
  static constexpr const char* kSymbol = "+";
  static double apply(double a, double b) noexcept { return a + b; }
  static bool lost(double, double, double) noexcept { return false; }
};
struct FloatSubtract {
  static constexpr const char* kSymbol = "-";
  static double apply(double a, double b) noexcept { return a - b; }
  static bool lost(double, double, double) noexcept { return false; }
};
struct FloatMultiply {
  static constexpr const char* kSymbol = "*";
  static double apply(double a, double b) noexcept { return a * b; }
  static bool lost(double a, double b, double result) noexcept {
    return (static_cast<int>(result == 0) & static_cast<int>(a != 0) & static_cast<int>(b != 0)) !=
           0;
  }
};
struct FloatDivide {
  static constexpr const char* kSymbol = "/";
  static double apply(double a, double b) noexcept { return a / b; }
  static bool lost(double a, double b, double result) noexcept {
    const int underflow = static_cast<int>(result == 0) & static_cast<int>(a != 0) &
                          static_cast<int>(std::abs(b) <= std::numeric_limits<double>::max());
    return (underflow | (static_cast<int>(b == 0) & static_cast<int>(a == a))) != 0;
  }
};

template <class Op>
bool float_failed(double a, double b) noexcept {
  const double result = Op::apply(a, b);
  return (std::isinf(result) && !std::isinf(a) && !std::isinf(b)) || Op::lost(a, b, result);
}

template <class Op>
Status floating(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto left) {
    return with_operand<double>(*call.args[1], [&](auto right) -> Status {
      double* result = out.values.mutable_as<double>();
      std::uint64_t suspicious = 0;
      constexpr double kMax = std::numeric_limits<double>::max();
      run_rows(call.rows, [&](std::uint32_t row) {
        const double a = left[row];
        const double b = right[row];
        const double value = Op::apply(a, b);
        suspicious |= static_cast<std::uint64_t>(std::abs(value) > kMax) |
                      static_cast<std::uint64_t>(Op::lost(a, b, value));
        result[row] = value;
      });
      if (suspicious == 0) [[likely]]
        return Done{};
      const auto row =
          first_failed(call, [&](std::uint32_t r) { return float_failed<Op>(left[r], right[r]); });
      if (row == EvalContext::kNoRow) return Done{};
      if (Op::kSymbol[0] == '/' && right[row] == 0)
        return zero_division(call, row, "/", show(left[row]));
      return overflow(call, row, Op::kSymbol, show(left[row]), show(right[row]));
    });
  });
}

Status float_remainder(const Call& call, Column& out) {
  return with_operand<double>(*call.args[0], [&](auto left) {
    return with_operand<double>(*call.args[1], [&](auto right) -> Status {
      double* result = out.values.mutable_as<double>();
      run_rows(call.rows,
               [&](std::uint32_t row) { result[row] = std::fmod(left[row], right[row]); });
      const auto row = first_failed(call, [&](std::uint32_t r) { return right[r] == 0; });
      if (row == EvalContext::kNoRow) return Done{};
      return zero_division(call, row, "%", show(left[row]));
    });
  });
}

}  // namespace

KernelFunction arithmetic_kernel(std::string_view op, DataType type) {
  const char symbol = op.size() == 1 ? op[0] : ' ';
  switch (type.id) {
    case TypeId::int32:
      switch (symbol) {
        case '+':
          return checked<Add, std::int32_t>;
        case '-':
          return checked<Subtract, std::int32_t>;
        case '*':
          return multiply_int32;
        case '/':
          return divide<std::int32_t, false>;
        case '%':
          return divide<std::int32_t, true>;
        default:
          return nullptr;
      }
    case TypeId::int64:
      switch (symbol) {
        case '+':
          return checked<Add, std::int64_t>;
        case '-':
          return checked<Subtract, std::int64_t>;
        case '*':
          return multiply_int64;
        case '/':
          return divide<std::int64_t, false>;
        case '%':
          return divide<std::int64_t, true>;
        default:
          return nullptr;
      }
    case TypeId::float64:
      switch (symbol) {
        case '+':
          return floating<FloatAdd>;
        case '-':
          return floating<FloatSubtract>;
        case '*':
          return floating<FloatMultiply>;
        case '/':
          return floating<FloatDivide>;
        case '%':
          return float_remainder;
        default:
          return nullptr;
      }
    default:
      return nullptr;
  }
}

}  // namespace flow::expr
