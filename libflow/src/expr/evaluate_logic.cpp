#include "evaluator.hpp"

#include "flow/record/compact.hpp"

namespace flow::expr {

Buffer Evaluator::truth_bits(const Column& column, bool truth, std::uint32_t rows) {
  auto bitmap = make_bitmap(rows, pool());
  auto* out = mutable_words(bitmap);
  const auto count = words_for(rows);
  if (column.encoding == Encoding::constant || column.type == types::null) {
    const bool hit = column.type != types::null && !constant_is_null(column) &&
                     bit_at(column.child->values.data(), 0) == truth;
    std::memset(out, hit ? 0xFF : 0, count * 8);
    return bitmap;
  }
  const Column plain = flatten_any(column, rows, pool());
  const auto* values = words(plain.values);
  const std::uint64_t flip = truth ? 0 : ~std::uint64_t{0};
  if (plain.has_validity()) {
    const auto* valid = words(plain.validity);
    for (std::size_t i = 0; i < count; ++i) out[i] = (values[i] ^ flip) & valid[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) out[i] = values[i] ^ flip;
  }
  return bitmap;
}

// AND keeps two bitmaps: `all` (every argument so far is true) and `any` (one is false). What is in
// neither is null. OR is the same with the roles of true and false exchanged.
Result<Column> Evaluator::logic(const Node& node, Rows rows) {
  const bool is_and = node.kind == NodeKind::logic_and;
  const auto count = words_for(rows.count);
  Buffer all;      // Rows where every argument had the neutral value.
  Buffer decided;  // Rows where one argument had the deciding value.
  Buffer storage;
  Rows open = rows;
  bool nulls = false;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    const Node& arg = *node.args[i];
    if (i > 0 && (arg.can_raise || arg.costly)) {
      // Only rows that are not decided yet may be looked at.
      auto undecided = make_bitmap(rows.count, pool());
      for (std::size_t w = 0; w < count; ++w) mutable_words(undecided)[w] = ~words(decided)[w];
      Buffer narrowed;
      open = narrow(open, words(undecided), narrowed, pool());
      if (!narrowed.empty() || open.active == 0) storage = std::move(narrowed);
      if (open.active == 0) break;
    }
    Operand value;
    FLOW_TRY(operand(arg, open, value));
    const Column& column = *value.column;
    nulls =
        nulls || column.null_count > 0 || is_null_constant(column) || column.type == types::null;
    if (i == 0) {
      all = truth_bits(column, is_and, rows.count);
      decided = truth_bits(column, !is_and, rows.count);
      continue;
    }
    auto* all_bits = mutable_words(all);
    auto* decided_bits = mutable_words(decided);
    if (column.encoding == Encoding::plain && !column.has_validity() &&
        column.type == types::boolean) {
      const auto* values = words(column.values);
      const std::uint64_t flip = is_and ? 0 : ~std::uint64_t{0};
      for (std::size_t w = 0; w < count; ++w) {
        all_bits[w] &= values[w] ^ flip;
        decided_bits[w] |= ~(values[w] ^ flip);
      }
    } else {
      const auto neutral = truth_bits(column, is_and, rows.count);
      const auto deciding = truth_bits(column, !is_and, rows.count);
      for (std::size_t w = 0; w < count; ++w) {
        all_bits[w] &= words(neutral)[w];
        decided_bits[w] |= words(deciding)[w];
      }
    }
  }
  Column out;
  out.type = types::boolean;
  // A decided row may have met garbage from an argument that was not computed for it: decided wins.
  auto* all_bits = mutable_words(all);
  const auto* decided_bits = words(decided);
  for (std::size_t w = 0; w < count; ++w) all_bits[w] &= ~decided_bits[w];
  if (nulls) {
    auto valid = make_bitmap(rows.count, pool());
    for (std::size_t w = 0; w < count; ++w) mutable_words(valid)[w] = all_bits[w] | decided_bits[w];
    set_validity(out, std::move(valid), rows.count);
  }
  out.values = is_and ? std::move(all) : std::move(decided);
  return out;
}

Result<Column> Evaluator::null_test(const Node& node, Rows rows) {
  Operand value;
  FLOW_TRY(operand(*node.args[0], rows, value));
  const Column& column = *value.column;
  const bool want_null = node.kind == NodeKind::is_null;
  if (column.encoding == Encoding::constant || column.type == types::null)
    return bool_constant((column.type == types::null || constant_is_null(column)) == want_null,
                         pool());
  if (!column.has_validity()) return bool_constant(!want_null, pool());
  Column out;
  out.type = types::boolean;
  if (!want_null) {
    out.values = column.validity;
    return out;
  }
  out.values = make_bitmap(rows.count, pool());
  for (std::size_t w = 0; w < words_for(rows.count); ++w)
    mutable_words(out.values)[w] = ~words(column.validity)[w];
  return out;
}

Result<Column> Evaluator::truth_test(const Node& node, Rows rows) {
  Operand value;
  FLOW_TRY(operand(*node.args[0], rows, value));
  const Column& column = *value.column;
  if (column.encoding == Encoding::constant || column.type == types::null) {
    const bool hit = column.type != types::null && !constant_is_null(column) &&
                     bit_at(column.child->values.data(), 0) == node.truth;
    return bool_constant(hit != node.negated, pool());
  }
  Column out;
  out.type = types::boolean;
  out.values = truth_bits(column, node.truth, rows.count);
  if (node.negated)
    for (std::size_t w = 0; w < words_for(rows.count); ++w)
      mutable_words(out.values)[w] = ~words(out.values)[w];
  return out;
}

// Null is a value of its own here: distinct if exactly one side is null, or both are not and
// differ.
Result<Column> Evaluator::distinct_from(const Node& node, Rows rows) {
  Operand left;
  Operand right;
  FLOW_TRY(operand(*node.args[0], rows, left));
  FLOW_TRY(operand(*node.args[1], rows, right));
  const Column* args[2] = {left.column, right.column};
  Column flat[2];
  for (int i = 0; i < 2; ++i) {
    if (args[i]->encoding == Encoding::dictionary) {
      flat[i] = flatten_any(*args[i], rows.count, pool());
      args[i] = &flat[i];
    }
  }
  const auto left_valid = validity_of(*args[0], rows.count);
  const auto right_valid = validity_of(*args[1], rows.count);
  Column out = allocate_result(types::boolean, rows.count, pool());
  if (is_null_constant(*args[0]) || is_null_constant(*args[1])) {
    std::memset(out.values.mutable_data(), 0, words_for(rows.count) * 8);
  } else {
    const std::span<const Column* const> view{args, 2};
    const Call call{node, view, rows, context_, nullptr};
    FLOW_TRY(node.kernel(call, out));
  }
  auto* bits = mutable_words(out.values);
  const std::uint64_t flip = node.negated ? ~std::uint64_t{0} : 0;
  for (std::size_t w = 0; w < words_for(rows.count); ++w) {
    const auto a = left_valid.empty() ? ~std::uint64_t{0} : words(left_valid)[w];
    const auto b = right_valid.empty() ? ~std::uint64_t{0} : words(right_valid)[w];
    bits[w] = ((bits[w] & a & b) | (a ^ b)) ^ flip;
  }
  return out;
}

}  // namespace flow::expr
