#include "flow/state/batch_keys.hpp"

namespace flow {

KeyKind key_kind_of(std::span<const DataType> types) noexcept {
  if (types.empty()) return KeyKind::number;
  const bool one_number =
      types.size() == 1 && (fixed_width(types[0]) != 0 || types[0] == types::boolean);
  return one_number ? KeyKind::number : KeyKind::encoded;
}

void BatchKeys::find_nulls(const Batch& batch, const Column& column) {
  nulls_.clear();
  const bool constant_null = column.encoding == Encoding::constant && column.is_null(0);
  if (!constant_null && (column.encoding == Encoding::constant || !column.has_validity())) return;
  nulls_.reserve(batch.selected());
  batch.for_each_row(
      [&](std::uint32_t row) { nulls_.push_back(constant_null || !column.is_valid(row) ? 1 : 0); });
}

KeySpan BatchKeys::prepare(const Batch& batch, std::span<const std::uint32_t> key_columns) {
  hash_rows(batch, key_columns, hashes_);
  if (kind_ == KeyKind::number) {
    if (!key_columns.empty()) find_nulls(batch, batch.column(key_columns[0]));
    return {hashes_, nulls_, {}};
  }
  bytes_.clear();
  encode_keys(batch, key_columns, bytes_, ends_);
  encoded_.resize(ends_.size());
  std::uint32_t from = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    encoded_[i] = std::string_view{bytes_}.substr(from, ends_[i] - from);
    from = ends_[i];
  }
  return {hashes_, {}, encoded_};
}

}  // namespace flow
