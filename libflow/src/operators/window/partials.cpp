// Accumulators as columns: what the local phase sends to the global one.
#include "accumulators.hpp"
#include "cell_access.hpp"
#include "float_sum.hpp"
#include "text_block.hpp"
#include "word_image.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"

#include <algorithm>

namespace flow {
namespace {

std::uint64_t& word_at(std::byte* value, std::uint32_t offset) noexcept {
  return *reinterpret_cast<std::uint64_t*>(value + offset);
}
std::uint64_t word_at(const std::byte* value, std::uint32_t offset) noexcept {
  return *reinterpret_cast<const std::uint64_t*>(value + offset);
}

/// One word column, computed per physical row.
template <class Body>
Column word_column(std::uint32_t rows, SlabPool& pool, const Body& body) {
  Column column;
  column.type = types::int64;
  column.values = Buffer::allocate(pool, std::size_t{rows} * 8);
  auto* out = column.values.mutable_as<std::int64_t>();
  for (std::uint32_t row = 0; row < rows; ++row) out[row] = body(row);
  return column;
}

}  // namespace

std::vector<Field> Accumulators::partial_fields() const {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto name = "partial" + std::to_string(i) + "$";
    switch (cells_[i].kind) {
      case CellKind::rows:
        fields.push_back({"rows$", types::int64, false});
        break;
      case CellKind::valid:
      case CellKind::word:
        fields.push_back({name, types::int64, false});
        break;
      case CellKind::sum_int:
        fields.push_back({name, types::int64, false});
        fields.push_back({name + "high", types::int64, false});
        break;
      case CellKind::sum_float:
        fields.push_back({name, types::float64, false});
        break;
      case CellKind::text_min:
      case CellKind::text_max:
        fields.push_back({name, cells_[i].type, true});
        break;
    }
  }
  return fields;
}

void Accumulators::append_partial(std::span<const std::byte* const> values,
                                  std::span<ColumnBuilder> columns) const {
  const auto count = static_cast<std::uint32_t>(values.size());
  std::size_t at = 0;
  const auto append_words = [&](std::uint32_t offset) {
    auto* out = columns[at++].append_uninitialized<std::uint64_t>(count);
    for (std::uint32_t i = 0; i < count; ++i) out[i] = word_at(values[i], offset);
  };
  for (const auto& cell : cells_) {
    if (cell.kind == CellKind::text_min || cell.kind == CellKind::text_max) {
      auto& column = columns[at++];
      for (const auto* value : values) {
        const auto* text = *reinterpret_cast<TextBlock* const*>(value + cell.offset);
        if (text == nullptr) {
          column.append_null();
        } else {
          column.append_view(text->view());
        }
      }
      continue;
    }
    append_words(cell.offset);
    if (cell.kind == CellKind::sum_int) append_words(cell.offset + 8);
  }
}

void Accumulators::merge_partial(std::span<std::byte* const> values,
                                 std::span<const std::uint32_t> rows, std::uint32_t first,
                                 std::span<const Column> columns) const {
  const auto count = values.size();
  const auto row_at = [&](std::size_t i) {
    return rows.empty() ? first + i : std::size_t{rows[i]};
  };
  std::size_t at = 0;
  for (const auto& cell : cells_) {
    const auto offset = cell.offset;
    const auto& column = columns[at++];
    switch (cell.kind) {
      case CellKind::rows:
      case CellKind::valid: {
        const auto* in = column.data<std::uint64_t>();
        for (std::size_t i = 0; i < count; ++i) word_at(values[i], offset) += in[row_at(i)];
        break;
      }
      case CellKind::sum_int: {
        const auto* low = column.data<std::uint64_t>();
        const auto* high = columns[at++].data<std::uint64_t>();
        for (std::size_t i = 0; i < count; ++i) {
          const auto row = row_at(i);
          auto& sum = word_at(values[i], offset);
          const bool carry = __builtin_add_overflow(sum, low[row], &sum);
          word_at(values[i], offset + 8) += high[row] + (carry ? 1 : 0);
        }
        break;
      }
      case CellKind::sum_float: {
        const auto* in = column.data<double>();
        for (std::size_t i = 0; i < count; ++i)
          add_float(cells::at<double>(values[i], offset), in[row_at(i)]);
        break;
      }
      case CellKind::word: {
        const auto* in = column.data<std::uint64_t>();
        for (std::size_t i = 0; i < count; ++i) {
          auto& held = word_at(values[i], offset);
          held = std::max(held, in[row_at(i)]);
        }
        break;
      }
      case CellKind::text_min:
      case CellKind::text_max:
        for (std::size_t i = 0; i < count; ++i) {
          const auto row = row_at(i);
          if (!column.is_valid(row)) continue;
          auto*& held = *reinterpret_cast<TextBlock**>(values[i] + offset);
          const auto text = column.view(row);
          const bool minimum = cell.kind == CellKind::text_min;
          if (held == nullptr || (minimum ? text < held->view() : held->view() < text))
            TextBlock::assign(held, text);
        }
        break;
    }
  }
}

std::vector<Column> Accumulators::single_row_partials(std::uint32_t rows,
                                                      std::span<const Column> arguments,
                                                      SlabPool& pool) const {
  std::vector<Column> columns;
  const auto one = constant_column(types::int64, std::int64_t{1}, pool);
  const auto zero = constant_column(types::int64, std::int64_t{0}, pool);
  for (const auto& cell : cells_) {
    if (cell.kind == CellKind::rows) {
      columns.push_back(one);
      continue;
    }
    const auto& argument = arguments[static_cast<std::size_t>(cell.argument)];
    const bool nulls = argument.has_validity();
    const auto valid = [&](std::uint32_t row) { return !nulls || argument.is_valid(row); };
    const bool narrow = fixed_width(cell.type) == 4;
    const auto number = [&](std::uint32_t row) -> std::int64_t {
      return narrow ? argument.data<std::int32_t>()[row] : argument.data<std::int64_t>()[row];
    };
    switch (cell.kind) {
      case CellKind::rows:
        break;
      case CellKind::valid:
        columns.push_back(nulls ? word_column(rows, pool,
                                              [&](std::uint32_t row) -> std::int64_t {
                                                return valid(row) ? 1 : 0;
                                              })
                                : one);
        break;
      case CellKind::sum_int: {
        std::int64_t signs = 0;
        columns.push_back(word_column(rows, pool, [&](std::uint32_t row) -> std::int64_t {
          const auto value = valid(row) ? number(row) : 0;
          signs |= value;
          return value;
        }));
        const auto* low = columns.back().data<std::int64_t>();
        columns.push_back(signs >= 0 ? zero : word_column(rows, pool, [&](std::uint32_t row) {
          return low[row] >> 63;
        }));
        break;
      }
      case CellKind::sum_float: {
        columns.push_back(word_column(rows, pool, [&](std::uint32_t row) {
          return std::bit_cast<std::int64_t>(valid(row) ? float_of_row(argument.data<double>()[row])
                                                        : 0.0);
        }));
        columns.back().type = types::float64;
        break;
      }
      case CellKind::word: {
        const auto flip = cell.minimum ? ~std::uint64_t{0} : 0;
        const bool is_float = cell.type == types::float64;
        columns.push_back(word_column(rows, pool, [&](std::uint32_t row) -> std::int64_t {
          if (!valid(row)) return 0;
          const auto image =
              is_float ? image_of(argument.data<double>()[row]) : image_of(number(row));
          return static_cast<std::int64_t>(image ^ flip);
        }));
        break;
      }
      case CellKind::text_min:
      case CellKind::text_max:
        columns.push_back(argument);
        break;
    }
  }
  return columns;
}

}  // namespace flow
