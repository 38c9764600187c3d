#include "support/random_batches.hpp"

#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "support/batches.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace flow::testing {
namespace {

template <class T>
T random_integer(Random& random) {
  using Limits = std::numeric_limits<T>;
  switch (random.below(4)) {
    case 0:
      return static_cast<T>(random.next());
    case 1: {
      constexpr std::array<T, 5> kExtremes{Limits::min(), Limits::max(), 0, -1, 1};
      return kExtremes[random.below(kExtremes.size())];
    }
    default:
      return static_cast<T>(random.between(-10, 10));
  }
}

double random_float(Random& random) {
  using Limits = std::numeric_limits<double>;
  constexpr std::array kExtremes{0.0,
                                 -0.0,
                                 Limits::quiet_NaN(),
                                 -Limits::quiet_NaN(),
                                 Limits::infinity(),
                                 -Limits::infinity(),
                                 Limits::max(),
                                 Limits::lowest(),
                                 Limits::denorm_min()};
  switch (random.below(3)) {
    case 0:
      return kExtremes[random.below(kExtremes.size())];
    case 1:
      return (random.unit() - 0.5) * 1e9;
    default:
      return static_cast<double>(random.between(-10, 10));
  }
}

std::string random_text(Random& random) {
  constexpr std::array<std::string_view, 9> kPieces{"a", "b", "z", "",          "é",
                                                    "€", "𝄞", " ", "0123456789"};
  const auto pieces = random.chance(0.1) ? random.below(60) : random.below(4);
  std::string text;
  for (std::uint64_t i = 0; i < pieces; ++i) text += kPieces[random.below(kPieces.size())];
  if (random.chance(0.05)) text.push_back('\0');
  return text;
}

std::string random_bytes(Random& random) {
  std::string bytes;
  const auto size = random.chance(0.1) ? random.below(200) : random.below(5);
  for (std::uint64_t i = 0; i < size; ++i) {
    bytes.push_back(random.chance(0.3) ? '\0' : static_cast<char>(random.below(256)));
  }
  return bytes;
}

Column random_column(Random& random, const Field& field, std::uint32_t rows, SlabPool& pool,
                     const RandomBatchOptions& options) {
  const double nulls = field.nullable && random.chance(0.5) ? options.null_share : 0;
  if (options.encodings && random.chance(0.15)) {
    const Value value =
        random.chance(nulls) ? Value{std::monostate{}} : random_value(random, field.type);
    return constant_column(field.type, field.type == types::null ? Value{} : value, pool);
  }
  const bool few_values = options.encodings && random.chance(0.4);
  std::vector<Value> domain;
  for (int i = 0; few_values && i < 4; ++i) domain.push_back(random_value(random, field.type));
  ColumnBuilder builder{field.type, pool, static_cast<std::uint32_t>(random.below(rows + 1))};
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (field.type == types::null || random.chance(nulls)) {
      builder.append_null();
    } else {
      builder.append(few_values ? domain[random.below(domain.size())]
                                : random_value(random, field.type));
    }
  }
  return builder.finish();
}

}  // namespace

Value random_value(Random& random, DataType type) {
  switch (type.id) {
    case TypeId::boolean:
      return random.chance(0.5);
    case TypeId::int32:
      return random_integer<std::int32_t>(random);
    case TypeId::int64:
      return random_integer<std::int64_t>(random);
    case TypeId::float64:
      return random_float(random);
    case TypeId::string:
      return random_text(random);
    case TypeId::bytes:
      return Bytes{random_bytes(random)};
    case TypeId::date:
      return Date{random_integer<std::int32_t>(random)};
    case TypeId::timestamp:
      return EventTime{random_integer<std::int64_t>(random)};
    case TypeId::null:
      break;
  }
  return std::monostate{};
}

SchemaPtr random_schema(Random& random, std::size_t max_fields) {
  constexpr std::array kTypes{types::boolean, types::int32,     types::int64,
                              types::float64, types::string,    types::bytes,
                              types::date,    types::timestamp, types::null};
  std::vector<Field> fields;
  const auto count = 1 + random.below(max_fields);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto type = kTypes[random.below(kTypes.size())];
    fields.push_back({"f" + std::to_string(i), type, type == types::null || random.chance(0.8)});
  }
  return make_schema(std::move(fields));
}

Batch random_batch(Random& random, const SchemaPtr& schema, const RandomBatchOptions& options) {
  const auto pool = SlabPool::make();
  const auto rows = static_cast<std::uint32_t>(random.below(options.max_rows + 1));
  std::vector<Column> columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(random_column(random, field, rows, *pool, options));
  }
  Batch out{schema, rows, std::move(columns)};
  for (std::size_t i = 0; options.encodings && i < schema->size(); ++i) {
    const bool can = out.column(i).encoding == Encoding::plain && out.column(i).type != types::null;
    if (can && random.chance(0.25)) out = with_dictionary(out, i);
  }
  if (random.chance(0.7)) {
    const auto from = random_integer<std::int64_t>(random);
    const auto to = random_integer<std::int64_t>(random);
    out.set_time_bounds({std::min(from, to)}, {std::max(from, to)});
  }
  if (options.row_kinds && rows != 0 && random.chance(0.3)) {
    Buffer kinds = Buffer::allocate(*pool, rows);
    std::fill_n(kinds.mutable_data(), rows + 8, std::byte{0});
    for (std::uint32_t row = 0; row < rows; ++row) {
      kinds.mutable_data()[row] = static_cast<std::byte>(random.below(4));
    }
    out.set_row_kinds(std::move(kinds));
  }
  if (options.selection && random.chance(0.5)) {
    const double share = random.chance(0.1) ? 0 : random.unit();
    std::vector<std::uint32_t> selected;
    for (std::uint32_t row = 0; row < rows; ++row) {
      if (random.chance(share)) selected.push_back(row);
    }
    out = select(std::move(out), selected);
  }
  return out;
}

}  // namespace flow::testing
