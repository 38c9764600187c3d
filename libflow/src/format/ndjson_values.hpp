#pragma once

#include "field_parse.hpp"
#include "value_text.hpp"

#include "flow/record/builder.hpp"

#include <immintrin.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Values of ndjson as they usually are. Everything reads behind what it looks at, at most
/// kWindowPadding bytes; a line break ends each row.
namespace flow::ndjson {

inline bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

inline const char* skip_space(const char* at) noexcept {
  while (is_space(*at)) ++at;
  return at;
}

inline __m256i load32(const char* at) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
inline std::uint32_t bits(__m256i equal) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(equal));
}

/// Where digits are among 32 characters.
inline __m256i digits_of(__m256i word) noexcept {
  const auto shifted = _mm256_sub_epi8(word, _mm256_set1_epi8('0'));
  return _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(9)), shifted);
}

/// Length of the digits at `at`, at most 32.
inline std::size_t digits_at(const char* at) noexcept {
  return static_cast<std::size_t>(std::countr_one(bits(digits_of(load32(at)))));
}

/// The end of what numbers are made of.
inline const char* end_of_number(const char* at) noexcept {
  for (;; at += 32) {
    const auto word = load32(at);
    const auto is = [&](__m256i in, char c) { return _mm256_cmpeq_epi8(in, _mm256_set1_epi8(c)); };
    auto part = _mm256_or_si256(digits_of(word), is(word, '.'));
    part = _mm256_or_si256(part, _mm256_or_si256(is(word, '-'), is(word, '+')));
    part = _mm256_or_si256(part, is(_mm256_or_si256(word, _mm256_set1_epi8(0x20)), 'e'));
    const auto length = std::countr_one(bits(part));
    if (length != 32) return at + length;
  }
}

inline bool is_literal(const char* at, std::string_view literal) noexcept {
  return std::memcmp(at, literal.data(), literal.size()) == 0;
}

/// Characters to compare with, 32 times each. Opaque to the compiler, which would otherwise make
/// them anew, by three instructions, wherever they are used.
struct Patterns {
  __m256i control = of(0x1f);
  __m256i backslash = of('\\');
  __m256i quote = of('"');
  __m256i zero = of('0');
  __m256i nine = of(9);

  static __m256i of(char c) noexcept {
    auto pattern = _mm256_set1_epi8(c);
    asm("" : "+x"(pattern));
    return pattern;
  }
};

/// What the text of a row was made of so far.
struct Seen {
  const Patterns& is;
  __m256i bytes = _mm256_setzero_si256();  ///< Their OR: all ASCII if no byte has its highest bit.
  bool escaped = false;                    ///< The string passed last holds a backslash.

  /// Bytes behind a string may have been counted in: then a row is checked without need.
  [[nodiscard]] bool is_ascii() const noexcept { return bits(bytes) == 0; }
};

/// `at` stands on a quote; returns what follows the closing one. Null if the line ends before.
[[gnu::always_inline]] inline const char* end_of_string(const char* at, Seen& seen) noexcept {
  ++at;
  seen.escaped = false;
  for (;;) {
    const auto word = load32(at);
    seen.bytes = _mm256_or_si256(seen.bytes, word);
    auto stop = _mm256_cmpeq_epi8(_mm256_min_epu8(word, seen.is.control), word);
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, seen.is.backslash));
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, seen.is.quote));
    const auto found = bits(stop);
    if (found == 0) {
      at += 32;
      continue;
    }
    at += std::countr_zero(found);
    if (*at == '"') [[likely]]
      return at + 1;
    if (*at != '\\' || at[1] == '\n') return nullptr;
    seen.escaped = true;
    at += 2;
  }
}

inline const char* skip_nested(const char* at, Seen& seen) noexcept {
  // The kinds of open brackets, innermost lowest; deeper than that is for the slow path.
  std::uint64_t open = 1;
  for (;;) {
    switch (*at) {
      case '{':
      case '[':
        if (open >> 62 != 0) return nullptr;
        open = (open << 1) | (*at == '{' ? 1 : 0);
        ++at;
        break;
      case '}':
      case ']':
        if ((open & 1) != (*at == '}' ? 1u : 0u)) return nullptr;
        open >>= 1;
        ++at;
        if (open == 1) return at;
        break;
      case '"':
        at = end_of_string(at, seen);
        if (at == nullptr) return nullptr;
        break;
      case '\n':
        return nullptr;
      default:
        seen.bytes = _mm256_or_si256(seen.bytes, _mm256_set1_epi8(*at));
        ++at;
    }
  }
}

/// Behind a value that is no string and that nobody needs. Null: not usual.
inline const char* skip_unquoted(const char* at, Seen& seen) noexcept {
  switch (*at) {
    case '{':
    case '[':
      return skip_nested(at, seen);
    case 't':
      return is_literal(at, "true") ? at + 4 : nullptr;
    case 'f':
      return is_literal(at, "false") ? at + 5 : nullptr;
    case 'n':
      return is_literal(at, "null") ? at + 4 : nullptr;
    default:
      return *at == '-' || (*at >= '0' && *at <= '9') ? end_of_number(at) : nullptr;
  }
}

/// A whole number as JSON spells it. Null: it is none, or does not fit.
[[gnu::always_inline]] inline const char* read_whole(const char* at, const Patterns& is,
                                                     std::int64_t& value) noexcept {
  const bool negative = *at == '-';
  const auto* first = at + (negative ? 1 : 0);
  const auto shifted = _mm256_sub_epi8(load32(first), is.zero);
  const auto digits = _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, is.nine), shifted);
  const auto length = static_cast<std::size_t>(std::countr_one(bits(digits)));
  const auto* end = first + length;
  if (length == 0 || (*first == '0' && length > 1) || *end == '.' || (*end | 32) == 'e')
    return nullptr;
  if (length <= 16) [[likely]] {
    const auto magnitude = static_cast<std::int64_t>(field::value_of_digits(first, length));
    value = negative ? -magnitude : magnitude;
    return end;
  }
  return field::parse_int64(at, end, value) == field::Parsed::ok ? end : nullptr;
}

/// A value of a column. Null: not usual, or not of the column's type.
inline const char* read_float(const char* at, ColumnBuilder& into) {
  const auto* first = at + (*at == '-' ? 1 : 0);
  const auto* end = end_of_number(at);
  if (*first < '0' || *first > '9' || (*first == '0' && first[1] >= '0' && first[1] <= '9') ||
      end[-1] < '0' || end[-1] > '9')
    return nullptr;
  double value = 0;
  if (field::parse_float64(at, end, value) != field::Parsed::ok) return nullptr;
  into.append_float64(value);
  return end;
}

inline const char* read_time_number(const char* at, ColumnReader& reader, ColumnBuilder& into) {
  const auto* first = at + (*at == '-' ? 1 : 0);
  const auto* end = first + digits_at(first);
  std::int64_t number = 0;
  std::int64_t micros = 0;
  if (end == first || *end == '.' || (*end | 32) == 'e' ||
      field::parse_int64(at, end, number) != field::Parsed::ok ||
      !reader.time.from_integer(number, micros))
    return nullptr;
  into.append_int64(micros);
  return end;
}

inline const char* read_bool(const char* at, ColumnBuilder& into) {
  if (is_literal(at, "true")) {
    into.append_bool(true);
    return at + 4;
  }
  if (!is_literal(at, "false")) return nullptr;
  into.append_bool(false);
  return at + 5;
}

[[gnu::always_inline]] inline const char* read_value(const char* at, ColumnReader& reader,
                                                     ColumnBuilder& into, Seen& seen) {
  if (*at == 'n') [[unlikely]]
    return is_literal(at, "null") && reader.append_null(into) ? at + 4 : nullptr;
  const auto id = reader.type.id;
  if (id == TypeId::int64 || id == TypeId::int32) {
    std::int64_t value = 0;
    at = read_whole(at, seen.is, value);
    if (at == nullptr) return nullptr;
    if (id == TypeId::int64) {
      into.append_int64(value);
    } else {
      if (value < INT32_MIN || value > INT32_MAX) return nullptr;
      into.append_int32(static_cast<std::int32_t>(value));
    }
    return at;
  }
  if (id == TypeId::string || id == TypeId::timestamp || id == TypeId::date) {
    if (*at != '"') return id == TypeId::timestamp ? read_time_number(at, reader, into) : nullptr;
    const auto* end = end_of_string(at, seen);
    if (end == nullptr || seen.escaped) return nullptr;
    const std::string_view text{at + 1, static_cast<std::size_t>(end - at - 2)};
    if (id == TypeId::string) {
      into.append_view(text);
    } else if (id == TypeId::timestamp) {
      std::int64_t micros = 0;
      if (!reader.time.parse(text, micros)) return nullptr;
      into.append_int64(micros);
    } else {
      std::int32_t days = 0;
      if (!reader.time.parse_days(text, days)) return nullptr;
      into.append_int32(days);
    }
    return end;
  }
  if (id == TypeId::float64) return read_float(at, into);
  if (id == TypeId::boolean) return read_bool(at, into);
  return nullptr;
}

}  // namespace flow::ndjson
