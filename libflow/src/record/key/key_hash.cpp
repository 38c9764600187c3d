#include "key/key_format.hpp"

#include "flow/base/check.hpp"
#include "flow/record/key.hpp"

namespace flow {
namespace {

using namespace key_format;  // NOLINT(google-build-using-namespace): its constants are this file's
                             // subject

/// Writes or combines `hash(row)` for every selected row.
template <class Hash>
void emit(const Batch& batch, bool first, std::uint64_t* out, const Hash& hash) {
  const auto rows = batch.selected();
  if (batch.has_selection()) {
    const auto* list = batch.selection().data();
    if (first) {
      for (std::uint32_t i = 0; i < rows; ++i) out[i] = hash(list[i]);
    } else {
      for (std::uint32_t i = 0; i < rows; ++i) out[i] = combine(out[i], hash(list[i]));
    }
  } else if (first) {
    for (std::uint32_t i = 0; i < rows; ++i) out[i] = hash(i);
  } else {
    for (std::uint32_t i = 0; i < rows; ++i) out[i] = combine(out[i], hash(i));
  }
}

template <class Hash>
void emit_nullable(const Batch& batch, const Column& column, bool first, std::uint64_t* out,
                   const Hash& hash) {
  if (!column.has_validity()) {
    emit(batch, first, out, hash);
    return;
  }
  const auto* valid = column.validity.data();
  emit(batch, first, out,
       [&](std::uint32_t row) { return bit_at(valid, row) ? hash(row) : kHashOfNull; });
}

/// Calls `use(hash)` with a function from a row of this plain column to the hash of its value.
template <class Use>
void with_value_hash(const Column& column, const Use& use) {
  switch (column.type.id) {
    case TypeId::boolean:
      return use([bits = column.values.data()](std::size_t row) {
        return hash_integer(bit_at(bits, row) ? 1 : 0);
      });
    case TypeId::int32:
    case TypeId::date:
      return use([values = column.data<std::int32_t>()](std::size_t row) {
        return hash_integer(values[row]);
      });
    case TypeId::int64:
    case TypeId::timestamp:
      return use([values = column.data<std::int64_t>()](std::size_t row) {
        return hash_integer(values[row]);
      });
    case TypeId::float64:
      return use(
          [values = column.data<double>()](std::size_t row) { return hash_float(values[row]); });
    case TypeId::string:
    case TypeId::bytes:
      return use([&column](std::size_t row) { return hash_text(column.view(row)); });
    case TypeId::null:
      return use([](std::size_t) { return kHashOfNull; });
  }
}

void hash_dictionary(const Batch& batch, const Column& column, bool first, std::uint64_t* out) {
  const Column& child = *column.child;
  const auto* codes = column.data<std::uint32_t>();
  const auto values = column.dictionary_size();
  with_value_hash(child, [&](const auto& hash) {
    if (values > batch.selected()) {
      emit_nullable(batch, column, first, out, [&](std::uint32_t row) { return hash(codes[row]); });
      return;
    }
    std::vector<std::uint64_t> hashes(values);
    for (std::size_t i = 0; i < values; ++i) hashes[i] = hash(i);
    emit_nullable(batch, column, first, out, [&](std::uint32_t row) { return hashes[codes[row]]; });
  });
}

void hash_column(const Batch& batch, const Column& column, bool first, std::uint64_t* out) {
  switch (column.encoding) {
    case Encoding::constant:
      with_value_hash(*column.child, [&](const auto& hash) {
        const auto value = column.child->is_null(0) ? kHashOfNull : hash(0);
        emit(batch, first, out, [value](std::uint32_t) { return value; });
      });
      break;
    case Encoding::dictionary:
      hash_dictionary(batch, column, first, out);
      break;
    case Encoding::plain:
      with_value_hash(column,
                      [&](const auto& hash) { emit_nullable(batch, column, first, out, hash); });
      break;
  }
}

}  // namespace

void hash_rows(const Batch& batch, std::span<const std::uint32_t> key_columns,
               std::vector<std::uint64_t>& hashes) {
  hashes.resize(batch.selected());
  if (key_columns.empty()) {
    std::fill(hashes.begin(), hashes.end(), kHashOfNoKey);
    return;
  }
  bool first = true;
  for (const auto index : key_columns) {
    hash_column(batch, batch.column(index), first, hashes.data());
    first = false;
  }
}

}  // namespace flow
