#include "value_text.hpp"

#include "flow/base/utf8.hpp"

#include <immintrin.h>
#include <simdjson.h>

#include <algorithm>

namespace flow {

DecodedColumns DecodedColumns::all(SchemaPtr declared, std::vector<ColumnText> text) {
  DecodedColumns columns;
  for (std::uint32_t i = 0; i < declared->size(); ++i) columns.columns.push_back(i);
  columns.declared = std::move(declared);
  columns.text = std::move(text);
  return columns;
}

SchemaPtr DecodedColumns::schema() const {
  if (columns.size() == declared->size()) return declared;
  std::vector<Field> fields;
  for (const auto index : columns) fields.push_back(declared->field(index));
  return make_schema(std::move(fields));
}

Result<std::vector<ColumnReader>> ColumnReader::make(const DecodedColumns& columns) {
  std::vector<ColumnReader> readers;
  for (const auto index : columns.columns) {
    const auto& field = columns.declared->field(index);
    const auto text = index < columns.text.size() ? columns.text[index] : ColumnText{};
    auto time = TimeText::make(text);
    if (!time) return std::move(time).error().with_context("column '" + field.name + "'");
    if (text != ColumnText{} && field.type != types::timestamp && field.type != types::date)
      return Error{Errc::bad_format, "format, zone and unit of column '" + field.name +
                                         "' mean nothing for type " +
                                         std::string{to_string(field.type)}};
    readers.push_back({field.type, field.nullable, field.name, index, std::move(*time), {}, {}});
  }
  return readers;
}

bool ColumnReader::append_null(ColumnBuilder& into) {
  if (!nullable) [[unlikely]] {
    code = Errc::null_field;
    reason = "no value, but the column is `not null`";
    return false;
  }
  into.append_null();
  return true;
}

bool ColumnReader::append(std::string_view text, ColumnBuilder& into) {
  if (type != types::string && type != types::bytes) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  }
  const auto* begin = text.data();
  const auto* end = begin + text.size();
  using field::Parsed;
  auto parsed = Parsed::ok;
  switch (type.id) {
    case TypeId::boolean: {
      bool value = false;
      if (!field::parse_bool(text, value))
        return fail(Errc::bad_field, text, "is neither true nor false");
      into.append_bool(value);
      return true;
    }
    case TypeId::int32: {
      std::int32_t value = 0;
      parsed = field::parse_int32(begin, end, value);
      if (parsed == Parsed::ok) into.append_int32(value);
      break;
    }
    case TypeId::int64: {
      std::int64_t value = 0;
      parsed = field::parse_int64(begin, end, value);
      if (parsed == Parsed::ok) into.append_int64(value);
      break;
    }
    case TypeId::float64: {
      double value = 0;
      parsed = field::parse_float64(begin, end, value);
      if (parsed == Parsed::malformed) return fail(Errc::bad_field, text, "is not a number");
      if (parsed == Parsed::ok) into.append_float64(value);
      break;
    }
    case TypeId::date: {
      std::int32_t days = 0;
      if (!time.parse_days(text, days)) return fail(Errc::bad_field, text, time.problem());
      into.append_int32(days);
      return true;
    }
    case TypeId::timestamp: {
      std::int64_t micros = 0;
      if (!time.parse(text, micros)) return fail(Errc::bad_field, text, time.problem());
      into.append_int64(micros);
      return true;
    }
    case TypeId::string:
      if (!is_utf8(text)) return fail(Errc::bad_utf8, text, "is not UTF-8");
      into.append_view(text);
      return true;
    case TypeId::bytes:
      into.append_view(text);
      return true;
    default:
      return fail(Errc::bad_field, text, "has a type that text cannot have");
  }
  if (parsed == Parsed::ok) return true;
  if (parsed == Parsed::malformed) return fail(Errc::bad_field, text, "is not a whole number");
  return fail(Errc::bad_field, text, "is out of the range of " + std::string{to_string(type)});
}

bool ColumnReader::fail(Errc why, std::string_view text, std::string_view what) {
  code = why;
  reason = in_quotes(text) + " ";
  reason += what;
  return false;
}

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string out = "'";
  const auto shown = whole_characters(text, kMost);
  const bool clean = is_utf8(shown);
  for (const auto c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !clean) ? '?' : c;
  }
  out += shown.size() < text.size() ? "…'" : "'";
  return out;
}

std::uint64_t count_lines(std::string_view text) noexcept {
  const auto* at = text.data();
  const auto* end = at + text.size();
  std::uint64_t count = 0;
  const auto needle = _mm256_set1_epi8('\n');
  for (; end - at >= 32; at += 32) {
    const auto word = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    count += static_cast<std::uint64_t>(__builtin_popcount(
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(word, needle)))));
  }
  for (; at != end; ++at) count += *at == '\n' ? 1 : 0;
  return count;
}

RejectedRow reject(Errc code, TextPosition at, std::string_view row, std::string column,
                   std::string reason) {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return {code, at, std::move(column), std::move(reason),
          std::string{row.substr(0, kMaxRejectedBytes)}};
}

}  // namespace flow
