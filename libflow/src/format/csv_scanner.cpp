#include "csv_scanner.hpp"

#include <immintrin.h>

#include <bit>

namespace flow::csv {
namespace {

/// 64 bytes of text and which of them equal a character.
class Block {
 public:
  explicit Block(const char* at) noexcept
      : low_{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))},
        high_{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))} {}

  [[nodiscard]] std::uint64_t equal(char wanted) const noexcept {
    const auto needle = _mm256_set1_epi8(wanted);
    return join(_mm256_cmpeq_epi8(low_, needle), _mm256_cmpeq_epi8(high_, needle));
  }
  [[nodiscard]] std::uint64_t high_bits() const noexcept { return join(low_, high_); }

 private:
  static std::uint64_t join(__m256i low, __m256i high) noexcept {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
           (std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32);
  }
  __m256i low_;
  __m256i high_;
};

/// Bit i of the result: parity of bits 0..i.
std::uint64_t prefix_xor(std::uint64_t bits) noexcept {
  // Carry-less multiplication would do, but it is not part of x86-64-v3.
  for (const auto shift : {1, 2, 4, 8, 16, 32}) bits ^= bits << shift;
  return bits;
}

std::uint64_t low_mask(std::size_t bits) noexcept {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

}  // namespace

std::size_t Scanner::scan(const char* data, std::size_t from, std::size_t to, Structure& out) {
  auto ends = out.ends.size();
  auto rows = out.row_last.size();
  std::uint64_t non_ascii = 0;
  auto stray_at = kNoStray;
  for (auto at = from; at < to && stray_at == kNoStray; at += 64) {
    // Room for a block full of structure, and eight positions more that are written ahead.
    if (out.ends.size() < ends + 72) out.ends.resize(out.ends.size() * 2 + 4096);
    if (out.row_last.size() < rows + 72) out.row_last.resize(out.row_last.size() * 2 + 1024);

    const Block block{data + at};
    const auto length = to - at < 64 ? to - at : 64;
    auto valid = low_mask(length);
    const auto delimiters = block.equal(delimiter_) & valid;
    const auto breaks = block.equal('\n') & valid;
    const auto quotes = quote_ == 0 ? 0 : block.equal(quote_) & valid;
    non_ascii |= block.high_bits() & valid;
    auto inside = in_quotes_;

    if ((quotes | after_closing_) != 0) {
      inside ^= prefix_xor(quotes);
      const auto opening = quotes & inside;
      const auto closing = quotes & ~inside;
      const auto boundary = delimiters | breaks | quotes;
      const auto returns = block.equal('\r') & valid;
      const auto stray_open = opening & ~((boundary << 1) | after_boundary_);
      // Bit i: the byte before is a closing quote and this one may not follow it.
      const auto follows = (closing << 1) | after_closing_;
      const auto stray_follow = follows & valid & ~(boundary | returns);
      if ((stray_open | stray_follow) != 0) {
        const auto open_bit = static_cast<std::size_t>(std::countr_zero(stray_open));
        const auto follow_bit = static_cast<std::size_t>(std::countr_zero(stray_follow));
        // The quote in front of what follows it wrongly is the stray one.
        stray_at = follow_bit <= open_bit ? at + follow_bit - 1 : at + open_bit;
        valid &= low_mask(stray_at < at ? 0 : stray_at - at);
      } else if (opening != 0) {
        open_at_ = at + 63 - static_cast<std::size_t>(std::countl_zero(opening));
      }
      after_boundary_ = (boundary >> (length - 1)) & 1;
      after_closing_ = (closing >> (length - 1)) & 1;
      in_quotes_ = (inside >> (length - 1)) & 1 ? ~std::uint64_t{0} : 0;
    } else {
      after_boundary_ = ((delimiters | breaks) >> (length - 1)) & 1;
    }

    const auto row_ends = breaks & ~inside & valid;
    const auto structure = ((delimiters & ~inside) | row_ends) & valid;

    for (auto rest = row_ends; rest != 0; rest &= rest - 1) {
      const auto before = structure & ((rest & (~rest + 1)) - 1);
      out.row_last[rows++] =
          static_cast<std::uint32_t>(ends) + static_cast<std::uint32_t>(std::popcount(before));
    }
    const auto count = static_cast<std::size_t>(std::popcount(structure));
    auto* into = out.ends.data() + ends;
    auto rest = structure;
    const auto base = static_cast<std::uint32_t>(at);
    for (std::size_t done = 0; done < count; done += 8) {
      for (std::size_t i = 0; i < 8; ++i) {
        // countr_zero(0) is 64: a position written ahead and never read.
        into[done + i] = base + static_cast<std::uint32_t>(std::countr_zero(rest));
        rest &= rest - 1;
      }
    }
    ends += count;
  }
  out.non_ascii |= non_ascii != 0;
  out.ends.resize(ends);
  out.row_last.resize(rows);
  return stray_at;
}

}  // namespace flow::csv
