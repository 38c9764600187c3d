#include "rows/gather.hpp"

#include <algorithm>
#include <bit>

namespace flow::gather {
namespace {

std::uint64_t load_word(const std::byte* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Appends bits one after another, a word at a time.
class BitWriter {
 public:
  BitWriter(std::byte* to, std::size_t at) noexcept
      : to_{to + at / 64 * 8}, used_{static_cast<unsigned>(at % 64)} {
    if (used_ != 0) word_ = load_word(to_) & ((std::uint64_t{1} << used_) - 1);
  }
  /// `bits` has no ones above `count`; 0 < count <= 64.
  void put(std::uint64_t bits, unsigned count) noexcept {
    word_ |= bits << used_;
    if (used_ + count < 64) {
      used_ += count;
      return;
    }
    store();
    to_ += 8;
    word_ = used_ == 0 ? 0 : bits >> (64 - used_);
    used_ = used_ + count - 64;
  }
  void finish() noexcept {
    if (used_ != 0) store();
  }

 private:
  void store() noexcept { std::memcpy(to_, &word_, sizeof word_); }

  std::byte* to_;
  unsigned used_;
  std::uint64_t word_ = 0;
};

/// 32 bytes that move in one instruction; a memcpy of 32 becomes two.
// NOLINTNEXTLINE(modernize-use-using): the attributes bind to the typedef
typedef long long Block __attribute__((vector_size(32), aligned(1), may_alias));

/// Copies whole blocks: slack on both sides makes it legal. Cheaper than a memcpy per string (steps
/// of two blocks are slower: every other store would cross a cache line).
inline void copy_generously(std::byte* to, const std::byte* from, std::uint32_t size) noexcept {
  const auto* end = from + size;
  do {
    *reinterpret_cast<Block*>(to) = *reinterpret_cast<const Block*>(from);
    from += 32;
    to += 32;
  } while (from < end);
}

std::uint64_t low_bits(std::uint32_t count) noexcept {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// Appends `bit(i)` for i < count; returns the zeros among them.
template <class Bit>
std::uint32_t write_bits(std::uint32_t count, std::byte* to, std::size_t at, const Bit& bit) {
  BitWriter out{to, at};
  std::uint32_t ones = 0;
  std::uint32_t i = 0;
  for (; i + 64 <= count; i += 64) {
    std::uint64_t word = 0;
    for (std::uint32_t j = 0; j < 64; ++j) word |= std::uint64_t{bit(i + j)} << j;
    ones += static_cast<std::uint32_t>(std::popcount(word));
    out.put(word, 64);
  }
  if (i < count) {
    std::uint64_t word = 0;
    for (std::uint32_t j = 0; i + j < count; ++j) word |= std::uint64_t{bit(i + j)} << j;
    ones += static_cast<std::uint32_t>(std::popcount(word));
    out.put(word, count - i);
  }
  out.finish();
  return count - ones;
}

/// Appends the first `count` bits of `from`; returns the zeros among them.
std::uint32_t copy_bits(const std::byte* from, std::uint32_t count, std::byte* to, std::size_t at) {
  BitWriter out{to, at};
  std::uint32_t ones = 0;
  for (std::uint32_t i = 0; i < count; i += 64) {
    const auto left = std::min<std::uint32_t>(count - i, 64);
    const auto word =
        load_word(from + i / 8) & low_bits(left);  // The last load reads into the slack.
    ones += static_cast<std::uint32_t>(std::popcount(word));
    out.put(word, left);
  }
  out.finish();
  return count - ones;
}

std::uint32_t gather_bits(const std::byte* from, Rows rows, std::byte* to, std::size_t at) {
  if (rows.list == nullptr) return copy_bits(from, rows.count, to, at);
  const auto* list = rows.list;
  return write_bits(rows.count, to, at, [=](std::uint32_t i) { return bit_at(from, list[i]); });
}

template <class T>
void fixed_of(const Column& column, Rows rows, T* to) {
  const auto n = rows.count;
  if (column.encoding == Encoding::constant) {
    std::fill_n(to, n, column.child->data<T>()[0]);
    return;
  }
  if (column.encoding == Encoding::dictionary) {
    const auto* codes = column.data<std::uint32_t>();
    const auto* values = column.child->data<T>();
    if (rows.list == nullptr) {
      for (std::uint32_t i = 0; i < n; ++i) to[i] = values[codes[i]];
    } else {
      for (std::uint32_t i = 0; i < n; ++i) to[i] = values[codes[rows.list[i]]];
    }
    return;
  }
  const auto* values = column.data<T>();
  if (rows.list == nullptr) {
    if (n != 0) std::memcpy(to, values, n * sizeof(T));
    return;
  }
  const auto* list = rows.list;
  for (std::uint32_t i = 0; i < n; ++i) to[i] = values[list[i]];
}

/// Calls `body(i, first, last)` with the byte range of the i-th row in the column that `with` was
/// called with: one loop per encoding, nothing decided per row.
template <class Body>
void for_each_range(const Column& column, Rows rows, const Body& body) {
  const auto n = rows.count;
  if (column.encoding == Encoding::constant) {
    const auto* at = column.child->offsets();
    for (std::uint32_t i = 0; i < n; ++i) body(i, at[0], at[1]);
    return;
  }
  if (column.encoding == Encoding::dictionary) {
    const auto* codes = column.data<std::uint32_t>();
    const auto* at = column.child->offsets();
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto code = codes[rows.list == nullptr ? i : rows.list[i]];
      body(i, at[code], at[code + 1]);
    }
    return;
  }
  const auto* at = column.offsets();
  if (rows.list == nullptr) {
    for (std::uint32_t i = 0; i < n; ++i) body(i, at[i], at[i + 1]);
  } else {
    const auto* list = rows.list;
    for (std::uint32_t i = 0; i < n; ++i) body(i, at[list[i]], at[list[i] + 1]);
  }
}

}  // namespace

bool may_have_nulls(const Column& column) noexcept {
  if (column.type == types::null) return true;
  if (column.encoding == Encoding::constant) return column.child->null_count != 0;
  return column.null_count != 0;
}

void fill_bits(bool value, std::uint32_t count, std::byte* to, std::size_t at) {
  BitWriter out{to, at};
  for (std::uint32_t i = 0; i < count; i += 64) {
    const auto left = std::min<std::uint32_t>(count - i, 64);
    out.put(value ? low_bits(left) : 0, left);
  }
  out.finish();
}

std::uint32_t validity(const Column& column, Rows rows, std::byte* to, std::size_t at) {
  if (!may_have_nulls(column)) {
    fill_bits(true, rows.count, to, at);
    return 0;
  }
  if (column.type == types::null || column.encoding == Encoding::constant) {
    fill_bits(false, rows.count, to, at);
    return rows.count;
  }
  return gather_bits(column.validity.data(), rows, to, at);
}

void booleans(const Column& column, Rows rows, std::byte* to, std::size_t at) {
  if (column.encoding == Encoding::constant) {
    fill_bits(bit_at(column.child->values.data(), 0), rows.count, to, at);
  } else if (column.encoding == Encoding::dictionary) {
    const auto* codes = column.data<std::uint32_t>();
    const auto* values = column.child->values.data();
    const auto* list = rows.list;
    write_bits(rows.count, to, at, [=](std::uint32_t i) {
      return bit_at(values, codes[list == nullptr ? i : list[i]]);
    });
  } else {
    gather_bits(column.values.data(), rows, to, at);
  }
}

void fixed(const Column& column, Rows rows, std::byte* to) {
  if (fixed_width(column.type) == 8) {
    fixed_of(column, rows, reinterpret_cast<std::uint64_t*>(to));
  } else {
    fixed_of(column, rows, reinterpret_cast<std::uint32_t*>(to));
  }
}

void codes(const Column& column, Rows rows, std::uint32_t* to) {
  const auto* from = column.data<std::uint32_t>();
  for (std::uint32_t i = 0; i < rows.count; ++i) {
    to[i] = from[rows.list == nullptr ? i : rows.list[i]];
  }
}

std::uint64_t offsets(const Column& column, Rows rows, std::uint32_t* offsets) {
  std::uint64_t end = offsets[0];
  for_each_range(column, rows, [&](std::uint32_t i, std::uint32_t first, std::uint32_t last) {
    end += last - first;
    offsets[i + 1] = static_cast<std::uint32_t>(end);
  });
  return end;
}

void bytes(const Column& column, Rows rows, const std::uint32_t* offsets, std::byte* to) {
  const Column& source = column.encoding == Encoding::plain ? column : *column.child;
  const auto* from = source.extra.data();
  if (column.encoding == Encoding::plain && rows.list == nullptr) {
    const auto total = offsets[rows.count] - offsets[0];
    if (total != 0) std::memcpy(to + offsets[0], from + column.offsets()[0], total);
    return;
  }
  if (from == nullptr) return;  // Only empty strings.
  for_each_range(column, rows, [&](std::uint32_t i, std::uint32_t first, std::uint32_t last) {
    copy_generously(to + offsets[i], from + first, last - first);
  });
}

std::uint32_t count_zeros(const std::byte* bits, std::size_t rows) noexcept {
  std::size_t ones = 0;
  std::size_t row = 0;
  for (; row + 64 <= rows; row += 64) {
    ones += static_cast<std::size_t>(std::popcount(load_word(bits + row / 8)));
  }
  if (row < rows) {
    const auto word = load_word(bits + row / 8) & low_bits(static_cast<std::uint32_t>(rows - row));
    ones += static_cast<std::size_t>(std::popcount(word));
  }
  return static_cast<std::uint32_t>(rows - ones);
}

}  // namespace flow::gather
