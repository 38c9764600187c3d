#include "flow/record/value.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace flow {
namespace {

Value plain_value(const Column& column, std::size_t row) {
  switch (column.type.id) {
    case TypeId::boolean:
      return bit_at(column.values.data(), row);
    case TypeId::int32:
      return column.data<std::int32_t>()[row];
    case TypeId::int64:
      return column.data<std::int64_t>()[row];
    case TypeId::float64:
      return column.data<double>()[row];
    case TypeId::string:
      return std::string{column.view(row)};
    case TypeId::bytes:
      return Bytes{std::string{column.view(row)}};
    case TypeId::date:
      return Date{column.data<std::int32_t>()[row]};
    case TypeId::timestamp:
      return EventTime{column.data<std::int64_t>()[row]};
    case TypeId::null:
      break;
  }
  return std::monostate{};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\\x";
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15u]);
  }
  return out;
}

}  // namespace

Value value_at(const Column& column, std::size_t row) {
  if (column.is_null(row)) return std::monostate{};
  switch (column.encoding) {
    case Encoding::constant:
      return plain_value(*column.child, 0);
    case Encoding::dictionary:
      return plain_value(*column.child, column.data<std::uint32_t>()[row]);
    case Encoding::plain:
      break;
  }
  return plain_value(column, row);
}

std::vector<std::vector<Value>> rows_of(const Batch& batch) {
  std::vector<std::vector<Value>> rows;
  rows.reserve(batch.selected());
  batch.for_each_row([&](std::uint32_t row) {
    auto& values = rows.emplace_back();
    values.reserve(batch.columns().size());
    for (const auto& column : batch.columns()) values.push_back(value_at(column, row));
  });
  return rows;
}

std::string to_string(const Value& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "null";
        } else if constexpr (std::is_same_v<T, bool>) {
          return held ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isnan(held)) return "NaN";
          if (std::isinf(held)) return held > 0 ? "Infinity" : "-Infinity";
          std::array<char, 32> text{};
          const auto end = std::to_chars(text.data(), text.data() + text.size(), held).ptr;
          return {text.data(), end};
        } else if constexpr (std::is_same_v<T, std::string>) {
          return held;
        } else if constexpr (std::is_same_v<T, Bytes>) {
          return hex(held.data);
        } else if constexpr (std::is_same_v<T, Date>) {
          return format_date(held.days);
        } else if constexpr (std::is_same_v<T, EventTime>) {
          return format_timestamp(held);
        } else {
          return std::to_string(held);
        }
      },
      value);
}

}  // namespace flow
