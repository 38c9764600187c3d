// Copying rows of a column of any encoding into plain memory: what take, partition, concatenate and
// the builder are made of.
#pragma once

#include "flow/record/column.hpp"

#include <cstdint>
#include <cstring>
#include <span>

namespace flow::gather {

/// The rows to copy: a list, or the first `count` rows in order if `list` is null.
struct Rows {
  const std::uint32_t* list = nullptr;
  std::uint32_t count = 0;

  static Rows first(std::uint32_t count) noexcept { return {nullptr, count}; }
  static Rows of(std::span<const std::uint32_t> rows) noexcept {
    return {rows.data(), static_cast<std::uint32_t>(rows.size())};
  }
};

/// Bytes of a bitmap.
constexpr std::size_t bitmap_bytes(std::size_t rows) noexcept { return (rows + 7) / 8; }

/// Whether any row can be null, whatever the encoding.
bool may_have_nulls(const Column& column) noexcept;

/// Appends the rows' validity to the bitmap `to`, which holds `at` bits; returns the nulls among
/// them.
///
/// Bits behind the last one written become zero up to the end of a 64-bit word: `to` needs slack.
std::uint32_t validity(const Column& column, Rows rows, std::byte* to, std::size_t at);

/// Appends the rows of a boolean column to the bitmap `to`, which holds `at` bits.
void booleans(const Column& column, Rows rows, std::byte* to, std::size_t at);

/// Writes the rows of a fixed-width column to `to`.
void fixed(const Column& column, Rows rows, std::byte* to);

/// Writes the codes of a dictionary column's rows to `to`.
void codes(const Column& column, Rows rows, std::uint32_t* to);

/// Writes offsets[1 … count] from offsets[0] on and returns the last. 64 bits, so that the caller
/// can refuse what does not fit.
std::uint64_t offsets(const Column& column, Rows rows, std::uint32_t* offsets);

/// Copies the rows' bytes to `to` + offsets[i]; may write kBufferSlack bytes behind the last.
void bytes(const Column& column, Rows rows, const std::uint32_t* offsets, std::byte* to);

/// Appends `count` equal bits; zeroes the rest of the last word like validity().
void fill_bits(bool value, std::uint32_t count, std::byte* to, std::size_t at);

/// The number of zero bits among the first `rows`.
std::uint32_t count_zeros(const std::byte* bits, std::size_t rows) noexcept;

/// Zeroes the bits behind `rows` in a bitmap of that many rows.
inline void clear_bits_behind(std::byte* bits, std::size_t rows) noexcept {
  if ((rows & 7) != 0) bits[rows >> 3] &= static_cast<std::byte>((1u << (rows & 7)) - 1);
}

/// Zeroes the 8 bytes behind the buffer, so that the last word is the same whatever the memory
/// held.
inline void close_tail(Buffer& buffer) noexcept {
  std::memset(buffer.mutable_data() + buffer.size(), 0, 8);
}

}  // namespace flow::gather
