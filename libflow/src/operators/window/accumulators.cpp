#include "accumulators.hpp"

#include "cell_access.hpp"
#include "float_sum.hpp"
#include "text_block.hpp"
#include "word_image.hpp"

#include "flow/base/check.hpp"
#include "flow/base/int128.hpp"
#include "flow/record/compact.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace flow {
namespace {

using cells::at;

/// Cells are 8-byte aligned only, an Int128 would be assumed to be 16-byte aligned.
struct Wide {
  std::uint64_t low;
  std::uint64_t high;
};
void add(Wide& sum, Wide by) noexcept {
  sum.high +=
      by.high + static_cast<std::uint64_t>(__builtin_add_overflow(sum.low, by.low, &sum.low));
}
void take(Wide& sum, Wide by) noexcept {
  sum.high -=
      by.high + static_cast<std::uint64_t>(__builtin_sub_overflow(sum.low, by.low, &sum.low));
}
Wide wide(std::int64_t value) noexcept {
  return {static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 63)};
}

/// Calls `body(value, row)` for the rows whose argument is valid.
template <class Body>
void each_valid(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
                std::uint32_t first, const Column& column, const Body& body) {
  const auto count = values.size();
  const auto* valid = column.has_validity() ? column.validity.data() : nullptr;
  if (valid == nullptr && rows.empty()) {
    for (std::size_t i = 0; i < count; ++i) body(values[i], first + i);
  } else if (valid == nullptr) {
    for (std::size_t i = 0; i < count; ++i) body(values[i], std::size_t{rows[i]});
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = rows.empty() ? first + i : std::size_t{rows[i]};
      if (bit_at(valid, row)) body(values[i], row);
    }
  }
}

void keep_text(TextBlock*& held, std::string_view text, bool minimum) {
  if (held == nullptr || (minimum ? text < held->view() : held->view() < text))
    TextBlock::assign(held, text);
}

Error overflow(const BoundAggregate& aggregate) {
  if (aggregate.argument_type != types::float64)
    return Error{Errc::aggregate_overflow, "the sum '" + aggregate.name + "' does not fit int64"}
        .with_remedy("sum a float64 (cast(x as double precision)), or a smaller window");
  const auto what =
      aggregate.function == AggregateFunction::avg ? "the sum of the average '" : "the sum '";
  return Error{Errc::aggregate_overflow, what + aggregate.name + "' does not fit float64"}
      .with_cause("its numbers are finite, but together they are beyond 1.8e308")
      .with_remedy("divide the numbers by a constant before they are summed");
}

}  // namespace

Accumulators::Accumulators(std::vector<BoundAggregate> aggregates)
    : aggregates_{std::move(aggregates)} {
  const auto rows = add_cell(CellKind::rows, -1, false, types::int64);
  for (const auto& aggregate : aggregates_) {
    Parts parts;
    const bool counts_rows = aggregate.argument < 0 || !aggregate.argument_nullable;
    parts.count =
        counts_rows ? rows : add_cell(CellKind::valid, aggregate.argument, false, types::int64);
    const auto type = aggregate.argument_type;
    switch (aggregate.function) {
      case AggregateFunction::count:
        parts.value = parts.count;
        break;
      case AggregateFunction::sum:
      case AggregateFunction::avg:
        parts.value = add_cell(type == types::float64 ? CellKind::sum_float : CellKind::sum_int,
                               aggregate.argument, false, type);
        break;
      case AggregateFunction::min:
      case AggregateFunction::max: {
        const bool minimum = aggregate.function == AggregateFunction::min;
        const auto kind = !is_variable(type) ? CellKind::word
                          : minimum          ? CellKind::text_min
                                             : CellKind::text_max;
        parts.value = add_cell(kind, aggregate.argument, minimum, type);
        break;
      }
    }
    parts_.push_back(parts);
  }
  // count() and one sum of int64, the commonest of all, take one loop.
  const auto cells = cells_.size();
  count_and_sum_ = (cells == 2 || (cells == 3 && cells_[1].kind == CellKind::valid)) &&
                   cells_.back().kind == CellKind::sum_int && cells_.back().type == types::int64 &&
                   (cells == 2 || cells_[1].argument == cells_[2].argument);
}

std::uint32_t Accumulators::add_cell(CellKind kind, int argument, bool minimum, DataType type) {
  for (std::uint32_t i = 0; i < cells_.size(); ++i) {
    const auto& cell = cells_[i];
    if (cell.kind == kind && cell.argument == argument && cell.minimum == minimum) return i;
  }
  cells_.push_back({kind, argument, minimum, type, value_bytes_});
  value_bytes_ += kind == CellKind::sum_int ? 16 : 8;
  if (kind != CellKind::rows && kind != CellKind::valid && kind != CellKind::sum_int)
    invertible_ = false;
  if (kind == CellKind::text_min || kind == CellKind::text_max) has_text_ = true;
  return static_cast<std::uint32_t>(cells_.size() - 1);
}

std::int64_t Accumulators::rows_in(const std::byte* value) noexcept {
  return at<std::int64_t>(value, 0);
}

bool Accumulators::update_count_and_sum(std::span<std::byte* const> values,
                                        std::span<const std::uint32_t> rows, std::uint32_t first,
                                        std::span<const Column> arguments) const {
  const auto& column = arguments[static_cast<std::size_t>(cells_.back().argument)];
  if (column.has_validity()) return false;
  const auto* numbers = column.data<std::int64_t>();
  const auto offset = cells_.back().offset;
  const bool counts_valid = cells_.size() == 3;
  const auto count = values.size();
  const auto add_row = [&](std::byte* value, std::int64_t number) {
    ++at<std::int64_t>(value, 0);
    if (counts_valid) ++at<std::int64_t>(value, 8);
    add(at<Wide>(value, offset), wide(number));
  };
  if (rows.empty()) {
    for (std::size_t i = 0; i < count; ++i) add_row(values[i], numbers[first + i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) add_row(values[i], numbers[rows[i]]);
  }
  return true;
}

void Accumulators::update(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
                          std::uint32_t first, std::span<const Column> arguments) const {
  if (count_and_sum_ && update_count_and_sum(values, rows, first, arguments)) return;
  for (const auto& cell : cells_) {
    const auto offset = cell.offset;
    if (cell.kind == CellKind::rows) {
      for (auto* value : values) ++at<std::int64_t>(value, offset);
      continue;
    }
    const auto& column = arguments[static_cast<std::size_t>(cell.argument)];
    const auto each = [&](const auto& body) { each_valid(values, rows, first, column, body); };
    const bool narrow = fixed_width(cell.type) == 4;
    const auto* narrows = column.data<std::int32_t>();
    const auto* wides = column.data<std::int64_t>();
    const auto* floats = column.data<double>();
    switch (cell.kind) {
      case CellKind::rows:
        break;
      case CellKind::valid:
        each([&](std::byte* value, std::size_t) { ++at<std::int64_t>(value, offset); });
        break;
      case CellKind::sum_int:
        if (narrow) {
          each([&](std::byte* value, std::size_t row) {
            add(at<Wide>(value, offset), wide(narrows[row]));
          });
        } else {
          each([&](std::byte* value, std::size_t row) {
            add(at<Wide>(value, offset), wide(wides[row]));
          });
        }
        break;
      case CellKind::sum_float:
        each([&](std::byte* value, std::size_t row) {
          add_float_row(at<double>(value, offset), floats[row]);
        });
        break;
      case CellKind::word: {
        const auto flip = cell.minimum ? ~std::uint64_t{0} : 0;
        const auto keep = [&](std::byte* value, std::uint64_t image) {
          auto& held = at<std::uint64_t>(value, offset);
          held = std::max(held, image ^ flip);
        };
        if (cell.type == types::float64) {
          each([&](std::byte* value, std::size_t row) { keep(value, image_of(floats[row])); });
        } else if (narrow) {
          each([&](std::byte* value, std::size_t row) {
            keep(value, image_of(std::int64_t{narrows[row]}));
          });
        } else {
          each([&](std::byte* value, std::size_t row) { keep(value, image_of(wides[row])); });
        }
        break;
      }
      case CellKind::text_min:
      case CellKind::text_max:
        each([&](std::byte* value, std::size_t row) {
          keep_text(at<TextBlock*>(value, offset), column.view(row),
                    cell.kind == CellKind::text_min);
        });
        break;
    }
  }
}

void Accumulators::merge(std::span<std::byte* const> into,
                         std::span<const std::byte* const> from) const {
  const auto count = into.size();
  for (const auto& cell : cells_) {
    const auto offset = cell.offset;
    switch (cell.kind) {
      case CellKind::rows:
      case CellKind::valid:
        for (std::size_t i = 0; i < count; ++i)
          at<std::int64_t>(into[i], offset) += at<std::int64_t>(from[i], offset);
        break;
      case CellKind::sum_int:
        for (std::size_t i = 0; i < count; ++i)
          add(at<Wide>(into[i], offset), at<Wide>(from[i], offset));
        break;
      case CellKind::sum_float:
        for (std::size_t i = 0; i < count; ++i)
          add_float(at<double>(into[i], offset), at<double>(from[i], offset));
        break;
      case CellKind::word:
        for (std::size_t i = 0; i < count; ++i) {
          auto& held = at<std::uint64_t>(into[i], offset);
          held = std::max(held, at<std::uint64_t>(from[i], offset));
        }
        break;
      case CellKind::text_min:
      case CellKind::text_max:
        for (std::size_t i = 0; i < count; ++i) {
          if (const auto* text = at<TextBlock*>(from[i], offset); text != nullptr)
            keep_text(at<TextBlock*>(into[i], offset), text->view(),
                      cell.kind == CellKind::text_min);
        }
        break;
    }
  }
}

void Accumulators::subtract(std::span<std::byte* const> into,
                            std::span<const std::byte* const> from) const {
  FLOW_CHECK(invertible_);
  for (const auto& cell : cells_) {
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (cell.kind == CellKind::sum_int) {
        take(at<Wide>(into[i], cell.offset), at<Wide>(from[i], cell.offset));
      } else {
        at<std::int64_t>(into[i], cell.offset) -= at<std::int64_t>(from[i], cell.offset);
      }
    }
  }
}

void Accumulators::merge_borrowed(std::byte* into, const std::byte* from) const {
  for (const auto& cell : cells_) {
    const auto offset = cell.offset;
    switch (cell.kind) {
      case CellKind::rows:
      case CellKind::valid:
        at<std::int64_t>(into, offset) += at<std::int64_t>(from, offset);
        break;
      case CellKind::sum_int:
        add(at<Wide>(into, offset), at<Wide>(from, offset));
        break;
      case CellKind::sum_float:
        add_float(at<double>(into, offset), at<double>(from, offset));
        break;
      case CellKind::word: {
        auto& held = at<std::uint64_t>(into, offset);
        held = std::max(held, at<std::uint64_t>(from, offset));
        break;
      }
      case CellKind::text_min:
      case CellKind::text_max: {
        auto*& held = at<TextBlock*>(into, offset);
        auto* other = at<TextBlock*>(from, offset);
        if (other == nullptr) break;
        if (held == nullptr || (cell.kind == CellKind::text_min ? other->view() < held->view()
                                                                : held->view() < other->view()))
          held = other;
        break;
      }
    }
  }
}

Status Accumulators::finish(std::span<const std::byte* const> values,
                            std::span<ColumnBuilder> columns) const {
  for (std::size_t a = 0; a < aggregates_.size(); ++a) {
    const auto& aggregate = aggregates_[a];
    const auto& cell = cells_[parts_[a].value];
    const auto offset = cell.offset;
    const auto count_offset = cells_[parts_[a].count].offset;
    auto& column = columns[a];
    if (aggregate.function == AggregateFunction::count) {
      auto* out =
          column.append_uninitialized<std::int64_t>(static_cast<std::uint32_t>(values.size()));
      for (std::size_t i = 0; i < values.size(); ++i) out[i] = at<std::int64_t>(values[i], offset);
      continue;
    }
    for (const auto* value : values) {
      const auto count = at<std::int64_t>(value, count_offset);
      if (count == 0) {
        column.append_null();
        continue;
      }
      switch (cell.kind) {
        case CellKind::sum_int: {
          const auto sum = at<Wide>(value, offset);
          const auto exact = static_cast<Int128>((Uint128{sum.high} << 64) | sum.low);
          if (aggregate.function == AggregateFunction::avg) {
            column.append_float64(static_cast<double>(exact) / static_cast<double>(count));
          } else if (sum.high ==
                     static_cast<std::uint64_t>(static_cast<std::int64_t>(sum.low) >> 63)) {
            column.append_int64(static_cast<std::int64_t>(sum.low));
          } else {
            return overflow(aggregate);
          }
          break;
        }
        case CellKind::sum_float: {
          const auto sum = at<double>(value, offset);
          if (has_overflowed(sum)) return overflow(aggregate);
          column.append_float64(aggregate.function == AggregateFunction::avg
                                    ? sum / static_cast<double>(count)
                                    : sum);
          break;
        }
        case CellKind::word: {
          const auto image =
              at<std::uint64_t>(value, offset) ^ (cell.minimum ? ~std::uint64_t{0} : 0);
          if (cell.type == types::float64) {
            column.append_float64(float_of_image(image));
          } else if (fixed_width(cell.type) == 4) {
            column.append_int32(static_cast<std::int32_t>(integer_of_image(image)));
          } else {
            column.append_int64(integer_of_image(image));
          }
          break;
        }
        case CellKind::text_min:
        case CellKind::text_max:
          column.append_view(at<TextBlock*>(value, offset)->view());
          break;
        case CellKind::rows:
        case CellKind::valid:
          break;
      }
    }
  }
  return {};
}

}  // namespace flow
