#pragma once

#include "bits.hpp"

#include <type_traits>

// A loop whose iterations do not depend on each other even if the output is one of the inputs.
#if defined(__clang__)
#define FLOW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define FLOW_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace flow::expr {

/// Values of a plain fixed-width column.
template <class T>
struct Values {
  const T* data;
  T operator[](std::size_t row) const noexcept { return data[row]; }
};
/// The same value for every row.
template <class T>
struct Same {
  T value;
  T operator[](std::size_t) const noexcept { return value; }
};
/// Values of a plain text column.
struct Texts {
  const std::uint32_t* offsets;
  const char* chars;
  std::string_view operator[](std::size_t row) const noexcept {
    return {chars + offsets[row], offsets[row + 1] - offsets[row]};
  }
};
using SameText = Same<std::string_view>;

/// Bits of a plain boolean column.
struct Bits {
  const std::uint64_t* data;
  bool operator[](std::size_t row) const noexcept {
    return ((data[row >> 6] >> (row & 63)) & 1u) != 0;
  }
};

template <class T>
T constant_value(const Column& column) noexcept {
  T value;
  std::memcpy(&value, column.child->values.data(), sizeof value);
  return value;
}
inline bool constant_bool(const Column& column) noexcept {
  return (static_cast<unsigned>(column.child->values.data()[0]) & 1u) != 0;
}

/// Calls `body` with the column as Values, Same, Texts, SameText or Bits: each is a loop of its
/// own.
template <class T, class Body>
decltype(auto) with_operand(const Column& column, Body&& body) {
  const bool constant = column.encoding == Encoding::constant;
  if constexpr (std::is_same_v<T, std::string_view>) {
    if (constant) return body(SameText{column.child->view(0)});
    return body(Texts{column.offsets(), column.chars()});
  } else if constexpr (std::is_same_v<T, bool>) {
    if (constant) return body(Same<bool>{constant_bool(column)});
    return body(Bits{words(column.values)});
  } else {
    if (constant) return body(Same<T>{constant_value<T>(column)});
    return body(Values<T>{column.data<T>()});
  }
}

/// Runs `body(row)` over the rows of a call, all physical rows if most are active.
template <class Body>
inline void run_rows(const Rows& rows, Body&& body) {
  if (rows.sparse()) {
    for (std::uint32_t i = 0; i < rows.active; ++i) body(rows.selected[i]);
  } else {
    FLOW_INDEPENDENT
    for (std::uint32_t row = 0; row < rows.count; ++row) body(row);
  }
}

/// Writes `test(row)` as the bits of `out`. Rows outside a sparse selection get 0.
template <class Test>
inline void fill_bits(const Rows& rows, std::uint64_t* out, Test&& test) {
  if (rows.sparse()) {
    std::memset(out, 0, words_for(rows.count) * 8);
    for (std::uint32_t i = 0; i < rows.active; ++i) {
      const auto row = rows.selected[i];
      out[row >> 6] |= std::uint64_t{test(row)} << (row & 63);
    }
    return;
  }
  const std::uint32_t full = rows.count / 64;
  for (std::uint32_t block = 0; block < full; ++block) {
    alignas(64) std::uint8_t flags[64];
    const std::uint32_t base = block * 64;
    FLOW_INDEPENDENT
    for (std::uint32_t i = 0; i < 64; ++i) flags[i] = static_cast<std::uint8_t>(test(base + i));
    out[block] = pack64(flags);
  }
  if ((rows.count & 63) != 0) {
    std::uint64_t word = 0;
    for (std::uint32_t row = full * 64; row < rows.count; ++row)
      word |= std::uint64_t{test(row)} << (row & 63);
    out[full] = word;
  }
}

// PostgreSQL's order of doubles: NaN equals itself and is greater than everything; −0 = 0.
template <class T>
struct Order {
  static bool equal(T a, T b) noexcept { return a == b; }
  static bool less(T a, T b) noexcept { return a < b; }
};
template <>
struct Order<double> {
  static bool equal(double a, double b) noexcept {
    return static_cast<bool>(static_cast<int>(a == b) |
                             (static_cast<int>(a != a) & static_cast<int>(b != b)));
  }
  static bool less(double a, double b) noexcept {
    return static_cast<bool>(static_cast<int>(a < b) |
                             (static_cast<int>(a == a) & static_cast<int>(b != b)));
  }
};

/// Values as messages show them.
std::string show(std::int32_t value);
std::string show(std::int64_t value);
std::string show(double value);
std::string show(std::string_view value);

}  // namespace flow::expr
