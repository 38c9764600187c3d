#include "evaluator.hpp"
#include "kernels/operands.hpp"

#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"

#include <algorithm>

namespace flow::expr {

namespace {

template <class T>
void scatter(const Column& from, const Rows& rows, T* to) {
  with_operand<T>(
      from, [&](auto value) { rows.for_each([&](std::uint32_t row) { to[row] = value[row]; }); });
}

void scatter_bits(const Column& from, const Rows& rows, std::uint64_t* to) {
  with_operand<bool>(from, [&](auto value) {
    rows.for_each([&](std::uint32_t row) {
      const auto bit = std::uint64_t{1} << (row & 63);
      to[row >> 6] = value[row] ? to[row >> 6] | bit : to[row >> 6] & ~bit;
    });
  });
}

void scatter_validity(const Column& from, const Rows& rows, std::uint64_t* valid) {
  const bool constant = from.encoding == Encoding::constant;
  const bool null = from.type == types::null || (constant && constant_is_null(from));
  rows.for_each([&](std::uint32_t row) {
    if (null || (!constant && !from.is_valid(row)))
      valid[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
  });
}

bool has_nulls(const Column& column) {
  return column.type == types::null || column.has_validity() || is_null_constant(column);
}

}  // namespace

// Each active row belongs to at most one arm; rows of no arm are null.
Result<Column> Evaluator::merge(DataType type, Rows rows, std::vector<Arm>& arms) {
  std::uint32_t covered = 0;
  for (const auto& arm : arms) covered += arm.rows.active;
  if (arms.empty()) return null_constant(type, pool());
  if (arms.size() == 1 && covered == rows.active) return std::move(arms[0].column);

  bool nulls = covered < rows.active;
  for (auto& arm : arms) {
    if (arm.column.encoding == Encoding::dictionary)
      arm.column = flatten_any(arm.column, rows.count, pool());
    nulls = nulls || has_nulls(arm.column);
  }
  Column out;
  if (is_variable(type)) {
    std::vector<std::uint16_t> choice(rows.count, 0);
    for (std::size_t i = 0; i < arms.size(); ++i)
      arms[i].rows.for_each(
          [&](std::uint32_t row) { choice[row] = static_cast<std::uint16_t>(i + 1); });
    ColumnBuilder builder{type, pool(), rows.count};
    for (std::uint32_t row = 0; row < rows.count; ++row) {
      const auto index = choice[row];
      if (index == 0) {
        builder.append_null();
        continue;
      }
      const Column& from = arms[index - 1u].column;
      if (from.encoding == Encoding::constant) {
        if (constant_is_null(from)) {
          builder.append_null();
        } else {
          builder.append_view(from.child->view(0));
        }
      } else if (from.is_valid(row)) {
        builder.append_view(from.view(row));
      } else {
        builder.append_null();
      }
    }
    return builder.finish();
  }
  out = allocate_result(type, rows.count, pool());
  Buffer validity;
  if (nulls) {
    validity = make_bitmap(rows.count, pool());
    std::memset(validity.mutable_data(), 0, words_for(rows.count) * 8);
  }
  if (type == types::boolean) std::memset(out.values.mutable_data(), 0, words_for(rows.count) * 8);
  for (const auto& arm : arms) {
    if (nulls) {
      auto* valid = mutable_words(validity);
      arm.rows.for_each(
          [&](std::uint32_t row) { valid[row >> 6] |= std::uint64_t{1} << (row & 63); });
      scatter_validity(arm.column, arm.rows, valid);
    }
    if (is_null_constant(arm.column) || arm.column.type == types::null) continue;
    if (type == types::boolean) {
      scatter_bits(arm.column, arm.rows, mutable_words(out.values));
    } else if (type == kInterval) {
      scatter(arm.column, arm.rows, out.values.mutable_as<Interval>());
    } else if (value_width(type) == 4) {
      scatter(arm.column, arm.rows, out.values.mutable_as<std::int32_t>());
    } else {
      scatter(arm.column, arm.rows, out.values.mutable_as<std::int64_t>());
    }
  }
  if (nulls) set_validity(out, std::move(validity), rows.count);
  return out;
}

Result<Column> Evaluator::case_when(const Node& node, Rows rows) {
  std::vector<Arm> arms;
  Rows open = rows;
  Buffer open_storage;
  std::size_t next = 0;
  for (; next + 1 < node.args.size() && open.active > 0; next += 2) {
    Operand condition;
    FLOW_TRY(operand(*node.args[next], open, condition));
    auto hit = truth_bits(*condition.column, true, rows.count);
    Arm arm;
    arm.rows = narrow(open, words(hit), arm.storage, pool());
    if (arm.rows.active == 0) continue;
    const bool took_all = arm.rows.active == open.active;
    if (took_all) {
      // `arm.rows` may refer to the storage of `open`.
      if (arm.rows.selected == open.selected) arm.storage = open_storage;
    } else {
      for (std::size_t w = 0; w < words_for(rows.count); ++w)
        mutable_words(hit)[w] = ~words(hit)[w];
      Buffer rest;
      open = narrow(open, words(hit), rest, pool());
      open_storage = std::move(rest);
    }
    FLOW_ASSIGN(arm.column, run(*node.args[next + 1], arm.rows));
    arms.push_back(std::move(arm));
    if (took_all) open.active = 0;
  }
  if (open.active > 0) {
    Arm otherwise;
    otherwise.rows = open;
    otherwise.storage = open_storage;
    FLOW_ASSIGN(otherwise.column, run(*node.args.back(), open));
    arms.push_back(std::move(otherwise));
  }
  return merge(node.type, rows, arms);
}

namespace {

/// first where valid, else second: whole words of valid rows are copied.
template <class T>
void fill_gaps(const Column& first, const Column& second, std::uint32_t rows, T* out) {
  const T* a = first.data<T>();
  const auto* valid = words(first.validity);
  with_operand<T>(second, [&](auto b) {
    for (std::uint32_t base = 0; base < rows; base += 64) {
      const std::uint64_t word = valid[base >> 6];
      const std::uint32_t end = std::min(base + 64, rows);
      if (word == ~std::uint64_t{0}) {
        std::copy(a + base, a + end, out + base);
        continue;
      }
      for (std::uint32_t row = base; row < end; ++row)
        out[row] = ((word >> (row - base)) & 1u) != 0 ? a[row] : b[row];
    }
  });
}

}  // namespace

// Two arguments of fixed width whose second cannot raise need no narrowing of rows.
Result<Column> Evaluator::fill_nulls(const Node& node, Rows rows) {
  Operand first;
  Operand second;
  FLOW_TRY(operand(*node.args[0], rows, first));
  const Column* value = first.column;
  if (value->encoding == Encoding::dictionary) {
    first.owned = flatten_any(*value, rows.count, pool());
    value = &first.owned;
  }
  const bool null = is_null_constant(*value) || value->type == types::null;
  if (!null && !value->has_validity()) return *value;
  FLOW_TRY(operand(*node.args[1], rows, second));
  if (null) return *second.column;
  if (is_null_constant(*second.column) || second.column->type == types::null) return *value;
  const Column rest = second.column->encoding == Encoding::dictionary
                          ? flatten_any(*second.column, rows.count, pool())
                          : *second.column;
  Column out = allocate_result(node.type, rows.count, pool());
  if (value_width(node.type) == 4) {
    fill_gaps(*value, rest, rows.count, out.values.mutable_as<std::int32_t>());
  } else {
    fill_gaps(*value, rest, rows.count, out.values.mutable_as<std::int64_t>());
  }
  if (rest.has_validity()) {
    auto valid = make_bitmap(rows.count, pool());
    for (std::size_t w = 0; w < words_for(rows.count); ++w)
      mutable_words(valid)[w] = words(value->validity)[w] | words(rest.validity)[w];
    set_validity(out, std::move(valid), rows.count);
  }
  return out;
}

Result<Column> Evaluator::coalesce(const Node& node, Rows rows) {
  if (node.args.size() == 2 && !node.args[1]->can_raise && !rows.sparse() &&
      fixed_width(node.type) > 0)
    return fill_nulls(node, rows);
  std::vector<Arm> arms;
  Rows open = rows;
  Buffer open_storage;
  for (const auto& arg : node.args) {
    if (open.active == 0) break;
    FLOW_ASSIGN(auto column, run(*arg, open));
    if (is_null_constant(column) || column.type == types::null) continue;
    Arm arm;
    if (!column.has_validity()) {
      arm.rows = open;
      arm.storage = open_storage;
      arm.column = std::move(column);
      arms.push_back(std::move(arm));
      open.active = 0;
      break;
    }
    const Buffer valid = column.validity;
    arm.rows = narrow(open, words(valid), arm.storage, pool());
    if (arm.rows.active == open.active && arm.rows.selected == open.selected)
      arm.storage = open_storage;
    auto missing = make_bitmap(rows.count, pool());
    for (std::size_t w = 0; w < words_for(rows.count); ++w)
      mutable_words(missing)[w] = ~words(valid)[w];
    if (arm.rows.active == open.active) {
      open.active = 0;
    } else {
      Buffer rest;
      open = narrow(open, words(missing), rest, pool());
      if (!rest.empty()) open_storage = std::move(rest);
    }
    if (arm.rows.active == 0) continue;
    arm.column = std::move(column);
    arms.push_back(std::move(arm));
  }
  return merge(node.type, rows, arms);
}

namespace {

template <class T>
void extreme_values(Column& out, const Column& left, const Column& right, bool greatest,
                    Rows rows) {
  T* result = out.values.mutable_as<T>();
  const T* a = left.data<T>();
  const T* b = right.data<T>();
  const bool left_nulls = left.has_validity();
  const bool right_nulls = right.has_validity();
  run_rows(rows, [&](std::uint32_t row) {
    const T x = a[row];
    const T y = b[row];
    const bool take_right = greatest ? Order<T>::less(x, y) : Order<T>::less(y, x);
    result[row] = take_right ? y : x;
  });
  if (left_nulls || right_nulls) {
    rows.for_each([&](std::uint32_t row) {
      if (!left.is_valid(row)) result[row] = b[row];
      if (!right.is_valid(row)) result[row] = a[row];
    });
  }
}

}  // namespace

Column choose_extreme(const Column& left, const Column& right, bool greatest, Rows rows,
                      SlabPool& pool) {
  const DataType type = left.type;
  if (is_variable(type)) {
    ColumnBuilder builder{type, pool, rows.count};
    for (std::uint32_t row = 0; row < rows.count; ++row) {
      const bool left_valid = left.is_valid(row);
      const bool right_valid = right.is_valid(row);
      if (!left_valid && !right_valid) {
        builder.append_null();
        continue;
      }
      const auto a = left.view(row);
      const auto b = right.view(row);
      const bool take_right = !left_valid || (right_valid && (greatest ? a < b : b < a));
      builder.append_view(take_right ? b : a);
    }
    return builder.finish();
  }
  Column out = allocate_result(type, rows.count, pool);
  if (left.has_validity() && right.has_validity()) {
    auto valid = make_bitmap(rows.count, pool);
    for (std::size_t w = 0; w < words_for(rows.count); ++w)
      mutable_words(valid)[w] = words(left.validity)[w] | words(right.validity)[w];
    set_validity(out, std::move(valid), rows.count);
  }
  switch (type.id) {
    case TypeId::boolean: {
      const auto* a = words(left.values);
      const auto* b = words(right.values);
      auto* result = mutable_words(out.values);
      for (std::size_t w = 0; w < words_for(rows.count); ++w) {
        const auto va = left.has_validity() ? words(left.validity)[w] : ~std::uint64_t{0};
        const auto vb = right.has_validity() ? words(right.validity)[w] : ~std::uint64_t{0};
        // A null counts as the value that cannot win.
        result[w] = greatest ? (a[w] & va) | (b[w] & vb) : (a[w] | ~va) & (b[w] | ~vb);
      }
      break;
    }
    case TypeId::float64:
      extreme_values<double>(out, left, right, greatest, rows);
      break;
    case TypeId::int32:
    case TypeId::date:
      extreme_values<std::int32_t>(out, left, right, greatest, rows);
      break;
    default:
      extreme_values<std::int64_t>(out, left, right, greatest, rows);
      break;
  }
  return out;
}

Result<Column> Evaluator::extreme(const Node& node, Rows rows) {
  Column best;
  bool first = true;
  for (const auto& arg : node.args) {
    FLOW_ASSIGN(auto column, run(*arg, rows));
    if (is_null_constant(column) || column.type == types::null) continue;
    if (first) {
      best = std::move(column);
      first = false;
      continue;
    }
    if (best.encoding == Encoding::constant && column.encoding == Encoding::constant) {
      best = as_constant(choose_extreme(*best.child, *column.child, node.kind == NodeKind::greatest,
                                        Rows::all_of(1), pool()));
      continue;
    }
    best = choose_extreme(flatten_any(best, rows.count, pool()),
                          flatten_any(column, rows.count, pool()), node.kind == NodeKind::greatest,
                          rows, pool());
  }
  if (first) return null_constant(node.type, pool());
  return best;
}

// args: the value, then both sides of the comparison (the value may be widened for it).
Result<Column> Evaluator::nullif(const Node& node, Rows rows) {
  FLOW_ASSIGN(auto value, run(*node.args[0], rows));
  FLOW_ASSIGN(auto equal, run(*node.args[1], rows));
  const auto hit = truth_bits(equal, true, rows.count);
  if (equal.encoding == Encoding::constant) {
    if (bit_at(hit.data(), 0)) return null_constant(node.type, pool());
    return value;
  }
  Column out = flatten_any(value, rows.count, pool());
  auto valid = make_bitmap(rows.count, pool());
  for (std::size_t w = 0; w < words_for(rows.count); ++w) {
    const auto before = out.has_validity() ? words(out.validity)[w] : ~std::uint64_t{0};
    mutable_words(valid)[w] = before & ~words(hit)[w];
  }
  set_validity(out, std::move(valid), rows.count);
  return out;
}

}  // namespace flow::expr
