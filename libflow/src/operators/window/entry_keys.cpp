#include "entry_keys.hpp"

#include "flow/record/key.hpp"

#include <algorithm>
#include <bit>

namespace flow {

KeySpan EntryKeys::of(const KeyedTable& table, KeyKind kind,
                      std::span<const KeyedTable::EntryRef> entries) {
  hashes_.clear();
  for (const auto& entry : entries) hashes_.push_back(entry.hash);
  if (kind == KeyKind::number) {
    nulls_.clear();
    for (const auto& entry : entries) nulls_.push_back(KeyedTable::is_null(entry.slot) ? 1 : 0);
    return {hashes_, nulls_, {}};
  }
  encoded_.clear();
  for (const auto& entry : entries) encoded_.push_back(table.encoded_key(entry));
  return {hashes_, {}, encoded_};
}

namespace {

void append_number(std::uint64_t number, ColumnBuilder& column) {
  switch (column.type().id) {
    case TypeId::boolean:
      return column.append_bool(number != 0);
    case TypeId::int32:
    case TypeId::date:
      return column.append_int32(static_cast<std::int32_t>(number));
    case TypeId::float64:
      return column.append_float64(std::bit_cast<double>(number));
    default:
      return column.append_int64(static_cast<std::int64_t>(number));
  }
}

}  // namespace

Status append_keys(const KeyedTable& table, KeyKind kind,
                   std::span<const KeyedTable::EntryRef> entries,
                   std::span<ColumnBuilder> columns) {
  if (columns.empty()) return {};
  if (kind == KeyKind::encoded) {
    for (const auto& entry : entries) FLOW_TRY(decode_key(table.encoded_key(entry), columns));
    return {};
  }
  auto& column = columns[0];
  const bool plain = fixed_width(column.type()) == 8 &&
                     std::none_of(entries.begin(), entries.end(), [](const auto& entry) {
                       return KeyedTable::is_null(entry.slot);
                     });
  if (plain) {
    auto* out =
        column.append_uninitialized<std::uint64_t>(static_cast<std::uint32_t>(entries.size()));
    for (std::size_t i = 0; i < entries.size(); ++i) out[i] = number_of_hash(entries[i].hash);
    return {};
  }
  for (const auto& entry : entries) {
    if (KeyedTable::is_null(entry.slot)) {
      column.append_null();
    } else {
      append_number(number_of_hash(entry.hash), column);
    }
  }
  return {};
}

}  // namespace flow
