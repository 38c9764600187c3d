#pragma once

#include "flow/expr/expression.hpp"
#include "flow/record/column.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flow::expr {

/// The type of intermediate results that can only be added to timestamps. No column has it.
inline constexpr DataType kInterval{static_cast<TypeId>(12)};

/// Months, days and microseconds stay apart because months and days differ in length.
struct Interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t micros = 0;
};

/// Bytes of one value, 0 for bit-packed and variable types.
constexpr std::size_t value_width(DataType type) noexcept {
  return type == kInterval ? sizeof(Interval) : fixed_width(type);
}

/// The physical rows of a batch that have to be computed. The others may be computed too, but
/// must not raise and need not make sense.
struct Rows {
  std::uint32_t count = 0;                  ///< Physical rows.
  const std::uint32_t* selected = nullptr;  ///< Ascending; nullptr = all.
  std::uint32_t active = 0;                 ///< Rows to compute.

  static Rows all_of(std::uint32_t count) noexcept { return {count, nullptr, count}; }
  [[nodiscard]] bool all() const noexcept { return selected == nullptr; }
  /// Below this share a loop over the selection beats computing all rows.
  [[nodiscard]] bool sparse() const noexcept {
    return selected != nullptr && std::uint64_t{active} * 10 < std::uint64_t{count} * 3;
  }
  template <class Body>
  void for_each(Body&& body) const {
    if (selected == nullptr) {
      for (std::uint32_t row = 0; row < count; ++row) body(row);
    } else {
      for (std::uint32_t i = 0; i < active; ++i) body(selected[i]);
    }
  }
};

struct Node;

/// One call of a kernel: arguments are plain or constant columns, never dictionaries.
struct Call {
  const Node& node;
  std::span<const Column* const> args;
  Rows rows;
  EvalContext& context;
  const std::uint64_t* valid = nullptr;  ///< Rows without null argument; nullptr = all.

  [[nodiscard]] bool is_valid(std::uint32_t row) const noexcept {
    return valid == nullptr || ((valid[row >> 6] >> (row & 63)) & 1u) != 0;
  }
  /// Calls `body(row)` for active rows whose arguments are all valid.
  template <class Body>
  void for_each_valid(Body&& body) const {
    rows.for_each([&](std::uint32_t row) {
      if (is_valid(row)) body(row);
    });
  }
  /// A runtime error of `row`, pointing at the node's place; sets the context's failed_row.
  [[nodiscard]] Error raise(std::uint32_t row, Errc code, std::string message) const;
};

/// Fills `out.values` (allocated by the caller for fixed-width and boolean results) and, for
/// text, `out.extra`. Nulls of the arguments are already in `out.validity`; a kernel may add more.
using KernelFunction = Status (*)(const Call& call, Column& out);

/// Anything a kernel works out once per expression: a compiled pattern, a set of values.
struct Prepared {
  virtual ~Prepared() = default;
};

enum class NodeKind : std::uint8_t {
  constant,
  column,
  call,  ///< Strict: null if any argument is null.
  logic_and,
  logic_or,
  case_when,  ///< args: (condition result)* else
  coalesce,
  greatest,
  least,
  is_null,
  is_not_null,
  truth_test,     ///< IS [NOT] TRUE, FALSE: never null.
  distinct_from,  ///< args: left, right, their strict comparison `<>` is `kernel`.
  nullif,         ///< args: left, comparison operands left, right; kernel: `=`
};

/// One node of a bound expression: typed, resolved, immutable once compiled.
struct Node {
  NodeKind kind = NodeKind::constant;
  DataType type = types::null;
  bool nullable = true;
  bool can_raise = false;  ///< Here or in an argument.
  bool costly = false;     ///< Worth skipping rows for: text, calendars, division.
  bool negated = false;    ///< truth_test, distinct_from
  bool truth = false;      ///< truth_test: the value that is tested for.
  std::uint32_t column = 0;
  std::uint32_t offset = 0;  ///< In the expression's text.
  Column constant;
  KernelFunction kernel = nullptr;
  std::shared_ptr<const Prepared> prepared;
  std::string label;                     ///< Operator or function, for messages.
  const ExpressionText* text = nullptr;  ///< Owned by the program.
  std::vector<std::shared_ptr<const Node>> args;

  [[nodiscard]] bool is_constant() const noexcept { return kind == NodeKind::constant; }
};
using NodePtr = std::shared_ptr<const Node>;

/// What an Expression shares.
struct Program {
  ExpressionText text;
  std::string canonical;
  NodePtr root;
  std::vector<std::uint32_t> columns;
};

/// Evaluates a node over rows of a batch; the result is plain, constant or dictionary.
Result<Column> evaluate_node(const Node& node, const Batch& batch, Rows rows, EvalContext& context);

}  // namespace flow::expr
