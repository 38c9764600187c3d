#pragma once

#include "flow/base/ids.hpp"
#include "flow/record/batch.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

class ColumnBuilder;

/// Version of the canonical key encoding and hash below; stored in every snapshot. What version 1
/// means byte for byte is written down in libflow/src/record/README.md and frozen by golden tests.
inline constexpr std::uint16_t kKeyFormatVersion = 1;

/// Canonical hash of the key columns, one per selected row: equal values hash equal whatever their
/// encoding (−0 = 0, one NaN, dictionaries decoded, null is a value of its own). int32, int64, date
/// and timestamp of the same number hash equal. No key columns: every row has the same hash.
/// Composite keys combine in column order. All 64 bits are well mixed.
void hash_rows(const Batch& batch, std::span<const std::uint32_t> key_columns,
               std::vector<std::uint64_t>& hashes);

/// The key group of a hash: its top bits scaled to [0, key_groups).
constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t key_groups) noexcept {
  return {static_cast<std::uint32_t>(((hash >> 32) * key_groups) >> 32)};
}

/// Appends the canonical encoding of one row's key: order-preserving (memcmp order = value order,
/// nulls last, NaN above infinity), self-delimiting per column. int32 and int64 (date and
/// timestamp) of the same number have the same encoding, so widening a key column changes no stored
/// byte.
void encode_key(const Batch& batch, std::span<const std::uint32_t> key_columns, std::uint32_t row,
                std::string& out);

/// encode_key for every selected row: `ends[i]` is where the i-th key ends in `out`.
void encode_keys(const Batch& batch, std::span<const std::uint32_t> key_columns, std::string& out,
                 std::vector<std::uint32_t>& ends);

/// The number behind the hash of a key of one column of a fixed-width type or boolean: hashing such
/// a column is a bijection. The value as int64; float64: its bits (one zero, one NaN). Null has no
/// number.
constexpr std::uint64_t number_of_hash(std::uint64_t hash) noexcept {
  // hash_word of key_format.hpp backwards; the factor is the inverse of its multiplier modulo 2^64.
  constexpr std::uint64_t kInverse = 0xcfee444d8b59a89bull;
  hash ^= hash >> 32;
  hash *= kInverse;
  hash ^= hash >> 32;
  hash *= kInverse;
  hash ^= hash >> 32;
  return hash - 0x9e3779b97f4a7c15ull;
}
/// encode_key for such a key, from number_of_hash(). `type` is the column's.
void encode_number_key(std::uint64_t number, DataType type, bool is_null, std::string& out);

/// Appends the key that `encoded` holds to `columns` (one builder per key column).
/// Errors: corrupt_key; then no builder has a row more.
Status decode_key(std::string_view encoded, std::span<ColumnBuilder> columns);

/// hash_rows' result for an encoded key of these types. Precondition: encode_key wrote it (bytes
/// from outside pass decode_key first).
std::uint64_t hash_key(std::string_view encoded, std::span<const DataType> types);

}  // namespace flow
