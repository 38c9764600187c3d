#include "bits.hpp"

#include "flow/record/compact.hpp"

#include <array>

namespace flow::expr {

namespace {

/// For each byte the positions of its set bits, so that eight rows are written with one store.
struct PositionTable {
  alignas(64) std::array<std::array<std::uint8_t, 8>, 256> positions{};
  constexpr PositionTable() {
    for (unsigned byte = 0; byte < 256; ++byte) {
      unsigned used = 0;
      for (unsigned bit = 0; bit < 8; ++bit)
        if ((byte >> bit & 1u) != 0) positions[byte][used++] = static_cast<std::uint8_t>(bit);
    }
  }
};
constexpr PositionTable kPositions;

}  // namespace

std::uint32_t positions_of_ones(const std::uint64_t* bits, std::uint32_t rows,
                                std::uint32_t* out) noexcept {
  std::uint32_t used = 0;
  const auto count = words_for(rows);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t word = bits[i];
    if (i + 1 == count) word &= tail_mask(rows);
    auto base = static_cast<std::uint32_t>(i * 64);
    if (word == 0) continue;
    for (unsigned k = 0; k < 8; ++k, base += 8) {
      const auto byte = static_cast<std::uint8_t>(word >> (8 * k));
#if defined(__AVX2__)
      const __m128i small =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kPositions.positions[byte].data()));
      const __m256i wide =
          _mm256_add_epi32(_mm256_cvtepu8_epi32(small), _mm256_set1_epi32(static_cast<int>(base)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + used), wide);
#else
      for (unsigned j = 0; j < 8; ++j) out[used + j] = base + kPositions.positions[byte][j];
#endif
      used += static_cast<std::uint32_t>(std::popcount(byte));
    }
  }
  return used;
}

Rows narrow(const Rows& rows, const std::uint64_t* bits, Buffer& storage, SlabPool& pool) {
  storage = Buffer::allocate(pool, (std::size_t{rows.active} + 8) * sizeof(std::uint32_t));
  auto* out = storage.mutable_as<std::uint32_t>();
  std::uint32_t used = 0;
  if (rows.all()) {
    used = positions_of_ones(bits, rows.count, out);
    if (used == rows.count) return rows;
  } else {
    for (std::uint32_t i = 0; i < rows.active; ++i) {
      const auto row = rows.selected[i];
      out[used] = row;
      used += static_cast<std::uint32_t>((bits[row >> 6] >> (row & 63)) & 1u);
    }
  }
  storage.resize(std::size_t{used} * sizeof(std::uint32_t));
  return {rows.count, out, used};
}

Column as_constant(Column one_row) {
  Column column;
  column.type = one_row.type;
  column.encoding = Encoding::constant;
  column.child = std::make_shared<const Column>(std::move(one_row));
  return column;
}

Column null_constant(DataType type, SlabPool& pool) {
  Column child;
  child.type = type;
  child.null_count = 1;
  if (type == types::null) return as_constant(std::move(child));
  const std::size_t bytes = type == types::boolean ? 1 : is_variable(type) ? 8 : value_width(type);
  child.values = Buffer::allocate(pool, bytes);
  std::memset(child.values.mutable_data(), 0, bytes);
  child.validity = Buffer::allocate(pool, 1);
  std::memset(child.validity.mutable_data(), 0, 1);
  return as_constant(std::move(child));
}

Column bool_constant(bool value, SlabPool& pool) {
  Column child;
  child.type = types::boolean;
  child.values = Buffer::allocate(pool, 1);
  *child.values.mutable_data() = std::byte{value ? std::uint8_t{1} : std::uint8_t{0}};
  return as_constant(std::move(child));
}

Column text_constant(DataType type, std::string_view value, SlabPool& pool) {
  Column child;
  child.type = type;
  child.values = Buffer::allocate(pool, 2 * sizeof(std::uint32_t));
  child.values.mutable_as<std::uint32_t>()[0] = 0;
  child.values.mutable_as<std::uint32_t>()[1] = static_cast<std::uint32_t>(value.size());
  child.extra = Buffer::allocate(pool, value.size());
  if (!value.empty()) std::memcpy(child.extra.mutable_data(), value.data(), value.size());
  return as_constant(std::move(child));
}

Column flatten_any(const Column& column, std::uint32_t rows, SlabPool& pool) {
  if (column.encoding == Encoding::plain) return column;
  if (column.type != kInterval) return flatten(column, rows, pool);
  Column out;
  out.type = kInterval;
  out.values = Buffer::allocate(pool, std::size_t{rows} * sizeof(Interval));
  Interval value;
  std::memcpy(&value, column.child->values.data(), sizeof value);
  for (std::uint32_t row = 0; row < rows; ++row) out.values.mutable_as<Interval>()[row] = value;
  if (constant_is_null(column)) {
    auto bitmap = make_bitmap(rows, pool);
    std::memset(bitmap.mutable_data(), 0, words_for(rows) * 8);
    set_validity(out, std::move(bitmap), rows);
  }
  return out;
}

}  // namespace flow::expr
