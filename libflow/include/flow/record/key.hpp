#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "flow/base/ids.hpp"
#include "flow/record/batch.hpp"

namespace flow {

/// Version of the canonical key encoding and hash below; stored in every snapshot.
inline constexpr std::uint16_t kKeyFormatVersion = 1;

/// Canonical hash of the key columns, one per selected row: equal values hash equal whatever their
/// encoding (−0 = 0, one NaN, dictionaries decoded, null is a value of its own). No key columns:
/// every row has the same hash. Composite keys combine in column order.
void hash_rows(const Batch& batch, std::span<const std::uint32_t> key_columns,
               std::vector<std::uint64_t>& hashes);

/// The key group of a hash: its top bits scaled to [0, key_groups).
constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t key_groups) noexcept {
  return {static_cast<std::uint32_t>(((hash >> 32) * key_groups) >> 32)};
}

/// Appends the canonical encoding of one row's key: order-preserving (memcmp order = value order,
/// nulls last), self-delimiting per column.
void encode_key(const Batch& batch, std::span<const std::uint32_t> key_columns, std::uint32_t row,
                std::string& out);

/// Appends the key that `encoded` holds to `columns` (one builder per key column).
class ColumnBuilder;
Status decode_key(std::string_view encoded, std::span<ColumnBuilder> columns);

/// hash_rows' result for an encoded key of these types.
std::uint64_t hash_key(std::string_view encoded, std::span<const DataType> types);

}  // namespace flow
