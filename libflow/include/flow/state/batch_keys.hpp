#pragma once

#include "flow/record/batch.hpp"
#include "flow/record/key.hpp"
#include "flow/state/keyed_table.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// The kind of table that keys of these column types need.
KeyKind key_kind_of(std::span<const DataType> types) noexcept;

/// Prepares the keys of batches for KeyedTable::resolve(): one per selected row. Buffers are
/// reused.
///
/// Owner: an operator.   Thread: actor-confined.
class BatchKeys {
 public:
  explicit BatchKeys(KeyKind kind) : kind_{kind} {}

  /// Hashes, and encodes where the kind needs it. The result holds until the next call, and as long
  /// as `batch` lives.
  KeySpan prepare(const Batch& batch, std::span<const std::uint32_t> key_columns);

 private:
  void find_nulls(const Batch& batch, const Column& column);

  KeyKind kind_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint8_t> nulls_;
  std::string bytes_;
  std::vector<std::uint32_t> ends_;
  std::vector<std::string_view> encoded_;
};

}  // namespace flow
