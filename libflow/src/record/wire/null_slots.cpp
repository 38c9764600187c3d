#include "wire/null_slots.hpp"

#include "rows/gather.hpp"

#include "flow/record/short_copy.hpp"

#include <bit>

namespace flow {
namespace {

/// Calls `body(row)` for null rows until it says false; returns whether it never did.
template <class Body>
bool for_each_null(const Column& column, std::uint32_t rows, const Body& body) {
  const auto* bits = column.validity.data();
  for (std::uint32_t first = 0; first < rows; first += 64) {
    std::uint64_t valid = 0;
    std::memcpy(&valid, bits + first / 8, sizeof valid);  // May end in the slack.
    auto nulls = ~valid;
    if (rows - first < 64) nulls &= (std::uint64_t{1} << (rows - first)) - 1;
    for (; nulls != 0; nulls &= nulls - 1) {
      if (!body(first + static_cast<std::uint32_t>(std::countr_zero(nulls)))) return false;
    }
  }
  return true;
}

template <class T>
void clear_fixed(Column& column, std::uint32_t rows, SlabPool& pool) {
  const auto* values = column.data<T>();
  if (for_each_null(column, rows, [&](std::uint32_t row) { return values[row] == 0; })) return;
  Buffer clean = Buffer::allocate(pool, std::size_t{rows} * sizeof(T));
  std::memcpy(clean.mutable_data(), values, clean.size());
  auto* to = clean.mutable_as<T>();
  for_each_null(column, rows, [&](std::uint32_t row) {
    to[row] = 0;
    return true;
  });
  gather::close_tail(clean);
  column.values = std::move(clean);
}

void clear_booleans(Column& column, std::uint32_t rows, SlabPool& pool) {
  const auto* bits = column.values.data();
  if (for_each_null(column, rows, [&](std::uint32_t row) { return !bit_at(bits, row); })) return;
  Buffer clean = Buffer::allocate(pool, gather::bitmap_bytes(rows));
  for (std::size_t i = 0; i < clean.size(); ++i) {
    clean.mutable_data()[i] = bits[i] & column.validity.data()[i];
  }
  gather::clear_bits_behind(clean.mutable_data(), rows);
  gather::close_tail(clean);
  column.values = std::move(clean);
}

void clear_text(Column& column, std::uint32_t rows, SlabPool& pool) {
  const auto* from = column.offsets();
  std::uint64_t hidden = 0;
  for_each_null(column, rows, [&](std::uint32_t row) {
    hidden += from[row + 1] - from[row];
    return true;
  });
  if (hidden == 0) return;
  Buffer offsets = Buffer::allocate(pool, (std::size_t{rows} + 1) * 4);
  Buffer text = Buffer::allocate(pool, from[rows] - hidden);
  auto* at = offsets.mutable_as<std::uint32_t>();
  at[0] = 0;
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto value = column.is_valid(row) ? column.view(row) : std::string_view{};
    copy_short(text.mutable_data() + at[row], value.data(), value.size());
    at[row + 1] = at[row] + static_cast<std::uint32_t>(value.size());
  }
  gather::close_tail(offsets);
  gather::close_tail(text);
  column.values = std::move(offsets);
  column.extra = std::move(text);
}

}  // namespace

void clear_null_slots(Column& column, std::uint32_t rows, SlabPool& pool) {
  if (column.null_count == 0 || column.type == types::null) return;
  if (column.encoding == Encoding::dictionary) {
    clear_fixed<std::uint32_t>(column, rows, pool);
  } else if (is_variable(column.type)) {
    clear_text(column, rows, pool);
  } else if (column.type == types::boolean) {
    clear_booleans(column, rows, pool);
  } else if (fixed_width(column.type) == 8) {
    clear_fixed<std::uint64_t>(column, rows, pool);
  } else {
    clear_fixed<std::uint32_t>(column, rows, pool);
  }
}

}  // namespace flow
