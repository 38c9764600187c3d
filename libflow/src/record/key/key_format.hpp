// Version 1 of the canonical key hash and encoding, value by value. Frozen: stored snapshots depend
// on every constant here (kKeyFormatVersion, README.md).
#pragma once

#include "flow/record/column.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace flow::key_format {

/// First byte of an encoded column. Nulls sort last.
enum class Marker : unsigned char { value = 1, null = 2 };

/// Inside an encoded string a zero byte is followed by kEscape; the end is a zero byte and kEnd.
inline constexpr char kEscape = '\xff';
inline constexpr char kEnd = '\0';

inline constexpr std::uint64_t kHashOfNull = 0xa0761d6478bd642full;
inline constexpr std::uint64_t kHashOfNoKey = 0xe7037ed1a0b428dbull;
inline constexpr std::uint64_t kHashIncrement = 0x9e3779b97f4a7c15ull;
inline constexpr std::uint64_t kHashMultiplier = 0xd6e8feb86659fd93ull;

/// A bijection: different numbers never collide. Two multiplications; vectorises.
constexpr std::uint64_t hash_word(std::uint64_t word) noexcept {
  word += kHashIncrement;
  word ^= word >> 32;
  word *= kHashMultiplier;
  word ^= word >> 32;
  word *= kHashMultiplier;
  return word ^ (word >> 32);
}
constexpr std::uint64_t hash_integer(std::int64_t value) noexcept {
  return hash_word(static_cast<std::uint64_t>(value));
}
/// The bits that stand for a float: one zero, one NaN.
inline std::uint64_t canonical_bits(double value) noexcept {
  constexpr std::uint64_t kQuietNan = 0x7ff8000000000000ull;
  if (value != value) return kQuietNan;
  return value == 0 ? 0 : std::bit_cast<std::uint64_t>(value);
}
inline std::uint64_t hash_float(double value) noexcept { return hash_word(canonical_bits(value)); }
inline std::uint64_t hash_text(std::string_view text) noexcept {
  return XXH3_64bits(text.data(), text.size());
}
/// The hash of the columns so far and the next one's.
constexpr std::uint64_t combine(std::uint64_t before, std::uint64_t next) noexcept {
  std::uint64_t word = before * kHashIncrement + next;
  word ^= word >> 32;
  word *= kHashMultiplier;
  return word ^ (word >> 32);
}

inline constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

constexpr std::uint64_t ordered_integer(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ kSignBit;
}
constexpr std::int64_t integer_of(std::uint64_t ordered) noexcept {
  return static_cast<std::int64_t>(ordered ^ kSignBit);
}
inline std::uint64_t ordered_float(double value) noexcept {
  const auto bits = canonical_bits(value);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}
inline double float_of(std::uint64_t ordered) noexcept {
  return std::bit_cast<double>((ordered & kSignBit) != 0 ? ordered ^ kSignBit : ~ordered);
}

inline void store_big_endian(char* to, std::uint64_t word) noexcept {
  static_assert(std::endian::native == std::endian::little);
  word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
}
inline std::uint64_t load_big_endian(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return __builtin_bswap64(word);
}

}  // namespace flow::key_format
