#pragma once

#include "flow/record/builder.hpp"
#include "flow/state/keyed_table.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace flow {

/// The keys of entries of one table, to find them in another or to write them out. Buffers are
/// reused.
class EntryKeys {
 public:
  /// Holds until the next call, or until `table` changes.
  KeySpan of(const KeyedTable& table, KeyKind kind, std::span<const KeyedTable::EntryRef> entries);

 private:
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint8_t> nulls_;
  std::vector<std::string_view> encoded_;
};

/// Appends the keys of entries to one builder per key column.
Status append_keys(const KeyedTable& table, KeyKind kind,
                   std::span<const KeyedTable::EntryRef> entries, std::span<ColumnBuilder> columns);

}  // namespace flow
