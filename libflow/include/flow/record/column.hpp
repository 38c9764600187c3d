#pragma once

#include "flow/record/buffer.hpp"
#include "flow/record/schema.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace flow {

/// How a column's values are laid out. Stored on the wire: never renumber.
enum class Encoding : std::uint8_t {
  plain = 0,       ///< One value per row.
  constant = 1,    ///< `child` has one row, the value of every row.
  dictionary = 2,  ///< `values` holds u32 codes into `child`; nulls are in this column's validity.
};

/// One column of a batch: Arrow-compatible buffers.
///
///   fixed width   values: T[rows]
///   boolean       values: bitmap, LSB first
///   string, bytes values: u32 offsets[rows + 1], offsets[0] = 0; extra: the bytes
///   null type     no buffers; every row is null; null_count = rows
///
/// validity: bitmap, LSB first, 1 = valid; empty = no nulls. A null row of a plain or dictionary
/// column holds an unspecified but readable value (a code in range). A constant column has neither
/// validity nor null_count: its child's one row says whether it is null. A dictionary's child is
/// plain, has at least one row and no nulls; a constant's child is plain.
///
/// Every buffer has kBufferSlack readable bytes behind it. Whoever fills one zeroes the rest of the
/// last 8-byte word, unused bits included: sealing copies a buffer where that is not so.
///
/// Owner: value; buffers shared.   Thread: value (immutable once published).
struct Column {
  DataType type = types::null;
  Encoding encoding = Encoding::plain;
  std::uint32_t null_count = 0;
  Buffer validity;
  Buffer values;
  Buffer extra;
  std::shared_ptr<const Column> child;

  template <class T>
  [[nodiscard]] const T* data() const noexcept {
    return reinterpret_cast<const T*>(values.data());
  }
  [[nodiscard]] const std::uint32_t* offsets() const noexcept { return data<std::uint32_t>(); }
  [[nodiscard]] const char* chars() const noexcept {
    return reinterpret_cast<const char*>(extra.data());
  }
  /// String or bytes of a plain column.
  [[nodiscard]] std::string_view view(std::size_t row) const noexcept {
    const auto* at = offsets() + row;
    return {chars() + at[0], std::size_t{at[1]} - at[0]};
  }
  [[nodiscard]] bool has_validity() const noexcept { return !validity.empty(); }
  /// Whether this row is valid, in a plain or dictionary column of a type other than null.
  [[nodiscard]] bool is_valid(std::size_t row) const noexcept {
    return validity.empty() ||
           ((static_cast<unsigned>(validity.data()[row >> 3]) >> (row & 7)) & 1u) != 0;
  }
  /// Whether the row is null, in a column of any type and encoding. For edges, not for kernels.
  [[nodiscard]] bool is_null(std::size_t row) const noexcept {
    if (type == types::null) return true;
    if (encoding == Encoding::constant) return !child->is_valid(0);
    return !is_valid(row);
  }
  /// Values in a dictionary column's child; codes are below it. (Of booleans: rounded up to bytes.)
  [[nodiscard]] std::size_t dictionary_size() const noexcept {
    const auto bytes = child->values.size();
    if (is_variable(type)) return bytes / 4 - 1;
    const auto width = fixed_width(type);
    return width == 0 ? bytes * 8 : bytes / width;
  }
  /// Bytes in the used ranges of the buffers, children included.
  [[nodiscard]] std::uint64_t byte_size() const noexcept {
    return validity.size() + values.size() + extra.size() +
           (child == nullptr ? 0 : child->byte_size());
  }
};

inline bool bit_at(const std::byte* bits, std::size_t row) noexcept {
  return ((static_cast<unsigned>(bits[row >> 3]) >> (row & 7)) & 1u) != 0;
}

}  // namespace flow
