#pragma once

#include "../node.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <bit>
#include <cstdint>
#include <cstring>

namespace flow::expr {

inline constexpr std::size_t words_for(std::uint32_t rows) noexcept {
  return (std::size_t{rows} + 63) / 64;
}
inline constexpr std::size_t bitmap_bytes(std::uint32_t rows) noexcept {
  return (std::size_t{rows} + 7) / 8;
}
/// A bitmap of `rows` bits, content undefined; whole words may be written (buffers have slack).
inline Buffer make_bitmap(std::uint32_t rows, SlabPool& pool) {
  return Buffer::allocate(pool, bitmap_bytes(rows));
}
inline const std::uint64_t* words(const Buffer& bitmap) noexcept {
  return reinterpret_cast<const std::uint64_t*>(bitmap.data());
}
inline std::uint64_t* mutable_words(Buffer& bitmap) noexcept {
  return bitmap.mutable_as<std::uint64_t>();
}
/// The bits of the last word that stand for rows.
inline constexpr std::uint64_t tail_mask(std::uint32_t rows) noexcept {
  return (rows & 63) == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (rows & 63)) - 1;
}

inline std::uint32_t count_ones(const std::uint64_t* bits, std::uint32_t rows) noexcept {
  const auto full = words_for(rows);
  std::uint32_t ones = 0;
  for (std::size_t i = 0; i + 1 < full; ++i)
    ones += static_cast<std::uint32_t>(std::popcount(bits[i]));
  if (full > 0) ones += static_cast<std::uint32_t>(std::popcount(bits[full - 1] & tail_mask(rows)));
  return ones;
}

/// 64 bytes of 0 or 1 as the bits of a word.
inline std::uint64_t pack64(const std::uint8_t* flags) noexcept {
#if defined(__AVX2__)
  // The sign bits of 32 bytes become one word: move the lowest bit of each byte there.
  const auto half = [](const std::uint8_t* from) {
    const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_slli_epi16(bytes, 7)));
  };
  return half(flags) | (std::uint64_t{half(flags + 32)} << 32);
#else
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, flags + 8 * i, 8);
    word |= ((eight * 0x0102040810204080ull) >> 56) << (8 * i);
  }
  return word;
#endif
}

/// Writes the positions of the set bits of `bits` (of `rows` rows) to `out`; returns how many.
/// `out` needs room for `rows` + 8 numbers.
std::uint32_t positions_of_ones(const std::uint64_t* bits, std::uint32_t rows,
                                std::uint32_t* out) noexcept;

/// The rows of `rows` whose bit is set, in `storage`.
Rows narrow(const Rows& rows, const std::uint64_t* bits, Buffer& storage, SlabPool& pool);

/// Sets validity and null count of a column of `rows` rows; none if all bits are set.
inline void set_validity(Column& column, Buffer bitmap, std::uint32_t rows) {
  column.null_count = rows - count_ones(words(bitmap), rows);
  column.validity = column.null_count == 0 ? Buffer{} : std::move(bitmap);
}

/// Whether a constant column is null.
inline bool constant_is_null(const Column& column) noexcept {
  return column.type == types::null || column.child == nullptr || column.child->null_count > 0 ||
         column.child->type == types::null;
}
inline bool is_null_constant(const Column& column) noexcept {
  return column.encoding == Encoding::constant && constant_is_null(column);
}

/// A one-row plain column as a constant.
Column as_constant(Column one_row);
Column null_constant(DataType type, SlabPool& pool);
template <class T>
Column fixed_constant(DataType type, T value, SlabPool& pool) {
  Column child;
  child.type = type;
  child.values = Buffer::allocate(pool, sizeof(T));
  std::memcpy(child.values.mutable_data(), &value, sizeof(T));
  return as_constant(std::move(child));
}
Column bool_constant(bool value, SlabPool& pool);
Column text_constant(DataType type, std::string_view value, SlabPool& pool);

/// Plain column of `rows` rows from a constant or dictionary; plain columns are shared. Knows the
/// interval type, and accepts dictionaries whose child holds any fixed-width type.
Column flatten_any(const Column& column, std::uint32_t rows, SlabPool& pool);

}  // namespace flow::expr
