#include "evaluator.hpp"

#include "kernels/operands.hpp"
#include "source.hpp"

#include "flow/record/compact.hpp"

#include <array>

namespace flow::expr {

namespace {

constexpr std::size_t kInlineArguments = 8;

// The selection of row 0, for results that are worked out once.
Rows one_row() { return Rows::all_of(1); }

}  // namespace

Error Call::raise(std::uint32_t row, Errc code, std::string message) const {
  context.failed_row = row;
  auto error = Error{code, std::move(message)};
  if (!node.label.empty() && node.text != nullptr)
    error = std::move(error).at(place_of(*node.text, node.offset));
  return std::move(error).with_note("row " + std::to_string(row) + " of the batch");
}

Column allocate_result(DataType type, std::uint32_t rows, SlabPool& pool) {
  Column column;
  column.type = type;
  if (type == types::boolean) {
    column.values = make_bitmap(rows, pool);
  } else if (const auto width = value_width(type); width > 0) {
    column.values = Buffer::allocate(pool, std::size_t{rows} * width);
  }
  return column;
}

Result<Column> evaluate_node(const Node& node, const Batch& batch, Rows rows,
                             EvalContext& context) {
  return Evaluator{batch, context}.run(node, rows);
}

Result<Column> Evaluator::run(const Node& node, Rows rows) {
  switch (node.kind) {
    case NodeKind::constant:
      return node.constant;
    case NodeKind::column:
      return batch_.column(node.column);
    default:
      break;
  }
  if (rows.active == 0) return null_constant(node.type, pool());
  switch (node.kind) {
    case NodeKind::call:
      return call(node, rows);
    case NodeKind::logic_and:
    case NodeKind::logic_or:
      return logic(node, rows);
    case NodeKind::case_when:
      return case_when(node, rows);
    case NodeKind::coalesce:
      return coalesce(node, rows);
    case NodeKind::greatest:
    case NodeKind::least:
      return extreme(node, rows);
    case NodeKind::is_null:
    case NodeKind::is_not_null:
      return null_test(node, rows);
    case NodeKind::truth_test:
      return truth_test(node, rows);
    case NodeKind::distinct_from:
      return distinct_from(node, rows);
    case NodeKind::nullif:
      return nullif(node, rows);
    default:
      break;
  }
  return null_constant(node.type, pool());
}

Status Evaluator::operand(const Node& node, Rows rows, Operand& into) {
  if (node.kind == NodeKind::constant) {
    into.column = &node.constant;
  } else if (node.kind == NodeKind::column) {
    into.column = &batch_.column(node.column);
  } else {
    FLOW_ASSIGN(into.owned, run(node, rows));
    into.column = &into.owned;
  }
  return Done{};
}

Buffer Evaluator::validity_of(const Column& column, std::uint32_t rows) {
  if (column.encoding == Encoding::constant || column.type == types::null) {
    if (column.type != types::null && !constant_is_null(column)) return {};
    auto bitmap = make_bitmap(rows, pool());
    std::memset(bitmap.mutable_data(), 0, words_for(rows) * 8);
    return bitmap;
  }
  return column.validity;
}

Result<Column> Evaluator::call(const Node& node, Rows rows) {
  const std::size_t count = node.args.size();
  FLOW_CHECK(count <= kInlineArguments);
  std::array<Operand, kInlineArguments> operands;
  std::array<const Column*, kInlineArguments> args{};
  bool constants = true;
  bool null = false;
  const Column* dictionary = nullptr;
  std::size_t varying = 0;
  for (std::size_t i = 0; i < count; ++i) {
    FLOW_TRY(operand(*node.args[i], rows, operands[i]));
    args[i] = operands[i].column;
    // The others are still evaluated: they may raise.
    null = null || is_null_constant(*args[i]) || args[i]->type == types::null;
    if (args[i]->encoding == Encoding::constant) continue;
    constants = false;
    ++varying;
    if (args[i]->encoding == Encoding::dictionary) dictionary = args[i];
  }
  if (null) return null_constant(node.type, pool());
  const std::span<const Column* const> view{args.data(), count};
  if (constants) return call_on_constants(node, view, rows);
  if (dictionary == nullptr) return call_kernel(node, view, rows);

  // Once per dictionary value instead of once per row; not if a value that no row has might raise.
  const auto distinct = static_cast<std::uint32_t>(
      is_variable(dictionary->type) ? dictionary->child->values.size() / sizeof(std::uint32_t) - 1
                                    : dictionary->child->values.size() /
                                          std::max<std::size_t>(1, value_width(dictionary->type)));
  if (varying == 1 && distinct <= rows.active) {
    const auto before = context_.failed_row;
    auto result = call_on_dictionary(node, view, *dictionary, Rows::all_of(distinct));
    if (result) return result;
    context_.failed_row = before;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (args[i]->encoding != Encoding::dictionary) continue;
    operands[i].owned = flatten_any(*args[i], rows.count, pool());
    args[i] = operands[i].column = &operands[i].owned;
  }
  return call_kernel(node, view, rows);
}

Result<Column> Evaluator::call_kernel(const Node& node, std::span<const Column* const> args,
                                      Rows rows) {
  Column out = allocate_result(node.type, rows.count, pool());
  std::size_t with_nulls = 0;
  const Column* nullable = nullptr;
  for (const auto* arg : args) {
    if (arg->encoding == Encoding::plain && arg->has_validity()) {
      ++with_nulls;
      nullable = arg;
    }
  }
  if (with_nulls == 1) {
    out.validity = nullable->validity;
    out.null_count = nullable->null_count;
  } else if (with_nulls > 1) {
    auto bitmap = make_bitmap(rows.count, pool());
    auto* valid = mutable_words(bitmap);
    bool first = true;
    for (const auto* arg : args) {
      if (arg->encoding != Encoding::plain || !arg->has_validity()) continue;
      const auto* bits = words(arg->validity);
      for (std::size_t i = 0; i < words_for(rows.count); ++i)
        valid[i] = first ? bits[i] : valid[i] & bits[i];
      first = false;
    }
    set_validity(out, std::move(bitmap), rows.count);
  }
  // Kernels may replace out.validity; what they read stays alive here.
  const Buffer valid = out.validity;
  const Call kernel_call{node, args, rows, context_, valid.empty() ? nullptr : words(valid)};
  FLOW_TRY(node.kernel(kernel_call, out));
  return out;
}

Result<Column> Evaluator::call_on_constants(const Node& node, std::span<const Column* const> args,
                                            Rows rows) {
  // Kernels produce plain columns: of one row, which then stands for all.
  const Rows single = one_row();
  auto result = call_kernel(node, args, single);
  if (!result) {
    if (context_.failed_row != EvalContext::kNoRow)
      context_.failed_row = rows.all() ? 0 : rows.selected[0];
    return result;
  }
  return as_constant(*std::move(result));
}

Result<Column> Evaluator::call_on_dictionary(const Node& node, std::span<const Column* const> args,
                                             const Column& dictionary, Rows values) {
  std::array<const Column*, kInlineArguments> inner{};
  for (std::size_t i = 0; i < args.size(); ++i)
    inner[i] = args[i] == &dictionary ? dictionary.child.get() : args[i];
  FLOW_ASSIGN(auto result, call_kernel(node, {inner.data(), args.size()}, values));

  const auto* codes = dictionary.data<std::uint32_t>();
  const auto rows = batch_.rows();
  if (is_variable(node.type) && result.null_count == 0) {
    Column out;
    out.type = node.type;
    out.encoding = Encoding::dictionary;
    out.validity = dictionary.validity;
    out.null_count = dictionary.null_count;
    out.values = dictionary.values;
    result.validity = Buffer{};
    out.child = std::make_shared<const Column>(std::move(result));
    return out;
  }
  // Everything else is small enough to be looked up per row. Codes of null rows are valid codes.
  Column out;
  if (is_variable(node.type)) {
    out.type = node.type;
    out.encoding = Encoding::dictionary;
    out.values = dictionary.values;
    Column child = result;
    child.validity = Buffer{};
    child.null_count = 0;
    out.child = std::make_shared<const Column>(std::move(child));
  } else {
    out = allocate_result(node.type, rows, pool());
    if (node.type == types::boolean) {
      // A byte per dictionary value makes the lookup one load.
      const auto values_count = values.count;
      Buffer lookup = Buffer::allocate(pool(), values_count);
      auto* truths = lookup.mutable_as<std::uint8_t>();
      for (std::uint32_t i = 0; i < values_count; ++i)
        truths[i] = bit_at(result.values.data(), i) ? 1 : 0;
      fill_bits(Rows::all_of(rows), mutable_words(out.values),
                [&](std::uint32_t row) { return truths[codes[row]] != 0; });
    } else if (value_width(node.type) == 4) {
      auto* to = out.values.mutable_as<std::uint32_t>();
      const auto* from = result.data<std::uint32_t>();
      for (std::uint32_t row = 0; row < rows; ++row) to[row] = from[codes[row]];
    } else if (value_width(node.type) == 8) {
      auto* to = out.values.mutable_as<std::uint64_t>();
      const auto* from = result.data<std::uint64_t>();
      for (std::uint32_t row = 0; row < rows; ++row) to[row] = from[codes[row]];
    } else {
      auto* to = out.values.mutable_as<Interval>();
      const auto* from = result.data<Interval>();
      for (std::uint32_t row = 0; row < rows; ++row) to[row] = from[codes[row]];
    }
  }
  out.validity = dictionary.validity;
  out.null_count = dictionary.null_count;
  if (result.null_count > 0) {
    auto bitmap = make_bitmap(rows, pool());
    auto* bits = mutable_words(bitmap);
    std::memset(bits, 0, words_for(rows) * 8);
    for (std::uint32_t row = 0; row < rows; ++row) {
      const bool valid = dictionary.is_valid(row) && result.is_valid(codes[row]);
      bits[row >> 6] |= std::uint64_t{valid} << (row & 63);
    }
    set_validity(out, std::move(bitmap), rows);
  }
  return out;
}

}  // namespace flow::expr
