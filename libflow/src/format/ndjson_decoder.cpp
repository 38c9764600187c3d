#include "ndjson_decoder.hpp"

#include "ndjson_slow.hpp"

#include "flow/base/check.hpp"

#include <immintrin.h>

#include <bit>
#include <cstring>

namespace flow {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

const char* skip_space(const char* at) noexcept {
  while (is_space(*at)) ++at;
  return at;
}

__m256i load32(const char* at) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
std::uint32_t bits(__m256i equal) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(equal));
}

/// Length of the digits at `at`, at most 32.
std::size_t digits_at(const char* at) noexcept {
  const auto shifted = _mm256_sub_epi8(load32(at), _mm256_set1_epi8('0'));
  const auto digit = _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(9)), shifted);
  return static_cast<std::size_t>(std::countr_one(bits(digit)));
}

/// The end of a number or literal: the first comma, bracket or character up to a space.
const char* end_of_scalar(const char* at) noexcept {
  for (;; at += 32) {
    const auto word = load32(at);
    const auto space = _mm256_set1_epi8(0x20);
    auto stop = _mm256_cmpeq_epi8(_mm256_min_epu8(word, space), word);
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, _mm256_set1_epi8(',')));
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('}')));
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, _mm256_set1_epi8(']')));
    const auto found = bits(stop);
    if (found != 0) return at + std::countr_zero(found);
  }
}

bool is_literal(const char* at, std::string_view literal) noexcept {
  return std::memcmp(at, literal.data(), literal.size()) == 0;
}

}  // namespace

Result<std::unique_ptr<RowDecoder>> NdjsonDecoder::make(const NdjsonFormat& format,
                                                        const DecodedColumns& columns) {
  FLOW_ASSIGN(auto readers, ColumnReader::make(columns));
  return std::unique_ptr<RowDecoder>{new NdjsonDecoder{format, columns, std::move(readers)}};
}

NdjsonDecoder::NdjsonDecoder(const NdjsonFormat& format, const DecodedColumns& columns,
                             std::vector<ColumnReader> readers)
    : format_{format},
      declared_{columns.declared},
      readers_{std::move(readers)},
      slow_{std::make_unique<Slow>()} {
  for (const auto& field : declared_->fields()) keys_.emplace(field.name, kIgnored);
  for (std::size_t i = 0; i < readers_.size(); ++i)
    keys_[readers_[i].name] = static_cast<std::int32_t>(i);
  if (readers_.size() <= 64 && !readers_.empty())
    all_seen_ = ~std::uint64_t{0} >> (64 - readers_.size());
}

NdjsonDecoder::~NdjsonDecoder() = default;

std::int32_t NdjsonDecoder::reader_of(std::string_view key) const {
  const auto found = keys_.find(std::string{key});
  if (found != keys_.end()) return found->second;
  return format_.refuse_unknown ? kRefused : kIgnored;
}

Status NdjsonDecoder::start(TextPosition position, std::string_view) {
  base_ = position.byte;
  line_ = position.line;
  window_ = {};
  consumed_ = rows_end_ = 0;
  skipping_ = false;
  return {};
}

void NdjsonDecoder::feed(std::string_view window, bool last) {
  base_ += consumed_;
  consumed_ = 0;
  window_ = window;
  last_ = last;
  const auto end = window.rfind('\n');
  rows_end_ = end == std::string_view::npos ? 0 : end + 1;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (base_ == 0 && window.starts_with(kByteOrderMark)) consumed_ = kByteOrderMark.size();
}

Result<RowDecoder::State> NdjsonDecoder::decode(BatchBuilder& into,
                                                std::vector<RejectedRow>& rejected,
                                                std::size_t max_rejected) {
  const auto rejected_end = rejected.size() + max_rejected;
  const auto* data = window_.data();
  auto bytes_left = std::int64_t{0};  // of text until the size of the batch is looked at again
  for (;;) {
    if (bytes_left <= 0) {
      if (into.full()) return State::full;
      bytes_left = 4096;
    }
    if (into.rows() >= kTargetRows || rejected.size() >= rejected_end) return State::full;
    if (consumed_ < rows_end_) {
      const auto* begin = data + consumed_;
      if (skipping_) {
        skipping_ = false;
        consumed_ = window_.find('\n', consumed_) + 1;
        ++line_;
        continue;
      }
      const auto rows_before = into.rows();
      const auto* next = decode_fast(begin, into);
      if (next == nullptr) [[unlikely]] {
        into.truncate(rows_before);
        const auto* end = static_cast<const char*>(
            std::memchr(begin, '\n', static_cast<std::size_t>(data + rows_end_ - begin)));
        decode_row(begin, end, into, rejected);
        next = end + 1;
      }
      bytes_left -= next - begin;
      consumed_ = static_cast<std::size_t>(next - data);
      ++line_;
      continue;
    }
    const auto rest = window_.size() - consumed_;
    if (skipping_ || rest > kMaxRowBytes.value) {
      if (!skipping_)
        rejected.push_back(reject(Errc::long_row, position(), window_.substr(consumed_), {},
                                  "the row has more than 64 MiB"));
      skipping_ = true;
      consumed_ = window_.size();
      return last_ ? State::finished : State::need_input;
    }
    if (!last_) return State::need_input;
    if (rest == 0) return State::finished;
    // The last row has no line break.
    tail_.assign(window_.substr(consumed_));
    tail_ += '\n';
    const auto size = tail_.size();
    tail_.append(kWindowPadding, '\0');
    const auto rows_before = into.rows();
    if (decode_fast(tail_.data(), into) == nullptr) {
      into.truncate(rows_before);
      decode_row(tail_.data(), tail_.data() + size - 1, into, rejected);
    }
    consumed_ = window_.size();
  }
}

/// A row that is blank, unusual or bad; `end` is its line break.
void NdjsonDecoder::decode_row(const char* begin, const char* end, BatchBuilder& into,
                               std::vector<RejectedRow>& rejected) {
  const std::string_view row{begin, static_cast<std::size_t>(end - begin)};
  if (row.find_first_not_of(" \t\r") == std::string_view::npos) return;
  if (row.size() > kMaxRowBytes.value) {
    rejected.push_back(reject(Errc::long_row, position(), row, {}, "the row has more than 64 MiB"));
    return;
  }
  decode_slow(row, into, rejected);
}

/// Reads one row; the text has a line break at its end. Null: the row is not usual, columns may be
/// half filled.
const char* NdjsonDecoder::decode_fast(const char* at, BatchBuilder& into) {
  if (readers_.size() > 64) return nullptr;
  const auto* begin = at;
  non_ascii_ = 0;
  std::uint64_t seen = 0;
  for (std::size_t place = 0;; ++place) {
    std::int32_t reader = kIgnored;
    if (place < guesses_.size() &&
        (bits(_mm256_cmpeq_epi8(load32(at), load32(guesses_[place].bytes))) &
         guesses_[place].mask) == guesses_[place].mask) [[likely]] {
      reader = guesses_[place].reader;
      at += guesses_[place].length;
    } else {
      at = read_key(at, place, reader);
      if (at == nullptr) return nullptr;
    }
    if (reader >= 0) {
      const auto index = static_cast<std::size_t>(reader);
      const auto bit = std::uint64_t{1} << index;
      if ((seen & bit) != 0) return nullptr;
      seen |= bit;
      at = read_value(at, readers_[index], into.column(index));
    } else {
      at = skip_value(at);
    }
    if (at == nullptr) return nullptr;
    if (*at == ',') continue;
    at = skip_space(at);
    if (*at == ',') continue;
    if (*at == '}') break;
    return nullptr;
  }
  at = skip_space(at + 1);
  if (*at != '\n') return nullptr;
  if (seen != all_seen_) {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if ((seen >> i & 1) != 0) continue;
      if (!readers_[i].append_null(into.column(i))) return nullptr;
    }
  }
  if (readers_.empty()) into.append_row(std::span<const Value>{});
  if (non_ascii_ != 0 && !is_utf8({begin, static_cast<std::size_t>(at - begin)})) return nullptr;
  return at + 1;
}

/// Reads `{"key":` or `,"key":` and remembers it as the guess for this place.
const char* NdjsonDecoder::read_key(const char* at, std::size_t place, std::int32_t& reader) {
  const auto* begin = at;
  at = skip_space(at);
  if (*at != (place == 0 ? '{' : ',')) return nullptr;
  at = skip_space(at + 1);
  if (*at != '"') return nullptr;
  const auto* name = at + 1;
  at = end_of_string(at);
  if (at == nullptr || escaped_) return nullptr;
  reader = reader_of({name, static_cast<std::size_t>(at - 1 - name)});
  if (reader == kRefused) return nullptr;
  at = skip_space(at);
  if (*at != ':') return nullptr;
  at = skip_space(at + 1);
  const auto length = static_cast<std::size_t>(at - begin);
  if (length <= kGuessBytes && place <= guesses_.size() && place < 256) {
    if (place == guesses_.size()) guesses_.emplace_back();
    auto& guess = guesses_[place];
    std::memcpy(guess.bytes, begin, length);
    guess.length = static_cast<std::uint32_t>(length);
    guess.mask = length == 32 ? ~0u : (1u << length) - 1;
    guess.reader = reader;
  }
  return at;
}

/// `at` stands on a quote; returns what follows the closing one. Null if the line ends before.
const char* NdjsonDecoder::end_of_string(const char* at) {
  ++at;
  escaped_ = false;
  for (;;) {
    const auto word = load32(at);
    const auto control = _mm256_set1_epi8(0x1f);
    const auto quotes = _mm256_cmpeq_epi8(word, _mm256_set1_epi8('"'));
    auto stop = _mm256_cmpeq_epi8(_mm256_min_epu8(word, control), word);
    stop = _mm256_or_si256(stop, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('\\')));
    stop = _mm256_or_si256(stop, quotes);
    const auto found = bits(stop);
    const auto high = bits(word);
    if (found == 0) {
      non_ascii_ |= high;
      at += 32;
      continue;
    }
    const auto first = std::countr_zero(found);
    non_ascii_ |= high & ((std::uint32_t{1} << first) - 1);
    at += first;
    if (*at == '"') return at + 1;
    if (*at != '\\' || at[1] == '\n') return nullptr;
    escaped_ = true;
    at += 2;
  }
}

const char* NdjsonDecoder::skip_value(const char* at) {
  switch (*at) {
    case '"':
      return end_of_string(at);
    case '{':
    case '[':
      return skip_nested(at);
    case 't':
      return is_literal(at, "true") ? at + 4 : nullptr;
    case 'f':
      return is_literal(at, "false") ? at + 5 : nullptr;
    case 'n':
      return is_literal(at, "null") ? at + 4 : nullptr;
    default:
      return *at == '-' || (*at >= '0' && *at <= '9') ? end_of_scalar(at) : nullptr;
  }
}

const char* NdjsonDecoder::skip_nested(const char* at) {
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
        at = end_of_string(at);
        if (at == nullptr) return nullptr;
        break;
      case '\n':
        return nullptr;
      default:
        non_ascii_ |= static_cast<unsigned char>(*at) & 0x80u;
        ++at;
    }
  }
}

const char* NdjsonDecoder::read_value(const char* at, ColumnReader& reader, ColumnBuilder& into) {
  if (*at == 'n') [[unlikely]]
    return is_literal(at, "null") && reader.append_null(into) ? at + 4 : nullptr;
  switch (reader.type.id) {
    case TypeId::int32:
    case TypeId::int64: {
      const auto* first = at + (*at == '-' ? 1 : 0);
      const auto length = digits_at(first);
      const auto* end = first + length;
      if (length == 0 || (*first == '0' && length > 1) || *end == '.' || (*end | 32) == 'e')
        return nullptr;
      std::int64_t value = 0;
      if (field::parse_int64(at, end, value) != field::Parsed::ok) return nullptr;
      if (reader.type == types::int64) {
        into.append_int64(value);
      } else {
        if (value < INT32_MIN || value > INT32_MAX) return nullptr;
        into.append_int32(static_cast<std::int32_t>(value));
      }
      return end;
    }
    case TypeId::float64: {
      const auto* first = at + (*at == '-' ? 1 : 0);
      const auto* end = end_of_scalar(at);
      if (*first < '0' || *first > '9' || (*first == '0' && first[1] >= '0' && first[1] <= '9') ||
          end[-1] < '0' || end[-1] > '9')
        return nullptr;
      double value = 0;
      if (field::parse_float64(at, end, value) != field::Parsed::ok) return nullptr;
      into.append_float64(value);
      return end;
    }
    case TypeId::string: {
      if (*at != '"') return nullptr;
      const auto* end = end_of_string(at);
      if (end == nullptr || escaped_) return nullptr;
      into.append_view({at + 1, static_cast<std::size_t>(end - at - 2)});
      return end;
    }
    case TypeId::timestamp:
    case TypeId::date: {
      if (*at != '"') {
        const auto* first = at + (*at == '-' ? 1 : 0);
        const auto* end = first + digits_at(first);
        std::int64_t number = 0;
        std::int64_t micros = 0;
        if (reader.type == types::date || end == first || *end == '.' || (*end | 32) == 'e' ||
            field::parse_int64(at, end, number) != field::Parsed::ok ||
            !reader.time.from_integer(number, micros))
          return nullptr;
        into.append_int64(micros);
        return end;
      }
      const auto* end = end_of_string(at);
      if (end == nullptr || escaped_) return nullptr;
      const std::string_view text{at + 1, static_cast<std::size_t>(end - at - 2)};
      if (reader.type == types::date) {
        std::int32_t days = 0;
        if (!reader.time.parse_days(text, days)) return nullptr;
        into.append_int32(days);
      } else {
        std::int64_t micros = 0;
        if (!reader.time.parse(text, micros)) return nullptr;
        into.append_int64(micros);
      }
      return end;
    }
    case TypeId::boolean:
      if (is_literal(at, "true")) {
        into.append_bool(true);
        return at + 4;
      }
      if (!is_literal(at, "false")) return nullptr;
      into.append_bool(false);
      return at + 5;
    default:
      return nullptr;
  }
}

}  // namespace flow
