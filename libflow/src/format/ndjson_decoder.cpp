#include "ndjson_decoder.hpp"

#include "ndjson_slow.hpp"
#include "ndjson_values.hpp"

#include "flow/base/check.hpp"

#include <cstring>

namespace flow {

using ndjson::bits;
using ndjson::end_of_string;
using ndjson::load32;
using ndjson::Patterns;
using ndjson::Seen;
using ndjson::skip_space;

namespace {

constexpr std::size_t kPrefetchBytes = 1536;

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
  const Patterns is;
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
      // Another thread has read the text, so it lies in another core's cache.
      for (std::size_t line = 0; line < 4; ++line)
        __builtin_prefetch(begin + kPrefetchBytes + line * 64);
      const auto* next = decode_fast(begin, into, is);
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
    if (decode_fast(tail_.data(), into, is) == nullptr) {
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
const char* NdjsonDecoder::decode_fast(const char* at, BatchBuilder& into, const Patterns& is) {
  if (readers_.size() > 64) return nullptr;
  const auto* begin = at;
  auto* readers = readers_.data();
  const auto columns = into.columns();
  const auto* guesses = guesses_.data();
  auto known = guesses_.size();
  Seen seen{is};
  std::uint64_t filled = 0;
  for (std::size_t place = 0;; ++place) {
    std::int32_t reader = kIgnored;
    if (place < known && (bits(_mm256_cmpeq_epi8(load32(at), load32(guesses[place].bytes))) &
                          guesses[place].mask) == guesses[place].mask) [[likely]] {
      reader = guesses[place].reader;
      at += guesses[place].length;
    } else {
      const auto key = read_key(at, place, is);
      if (key.end == nullptr) return nullptr;
      reader = key.reader;
      at = key.end;
      guesses = guesses_.data();
      known = guesses_.size();
    }
    if (reader >= 0) {
      const auto index = static_cast<std::size_t>(reader);
      const auto bit = std::uint64_t{1} << index;
      if ((filled & bit) != 0) return nullptr;
      filled |= bit;
      at = ndjson::read_value(at, readers[index], columns[index], seen);
    } else {
      at = *at == '"' ? end_of_string(at, seen) : ndjson::skip_unquoted(at, seen);
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
  if (filled != all_seen_) {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if ((filled >> i & 1) != 0) continue;
      if (!readers_[i].append_null(into.column(i))) return nullptr;
    }
  }
  if (readers_.empty()) into.append_row(std::span<const Value>{});
  if (!seen.is_ascii() && !is_utf8({begin, static_cast<std::size_t>(at - begin)})) return nullptr;
  return at + 1;
}

/// Reads `{"key":` or `,"key":` and remembers it as the guess for this place.
NdjsonDecoder::Key NdjsonDecoder::read_key(const char* at, std::size_t place, const Patterns& is) {
  const auto* begin = at;
  Seen seen{is};
  at = skip_space(at);
  if (*at != (place == 0 ? '{' : ',')) return {};
  at = skip_space(at + 1);
  if (*at != '"') return {};
  const auto* name = at + 1;
  at = end_of_string(at, seen);
  if (at == nullptr || seen.escaped) return {};
  const std::string_view key{name, static_cast<std::size_t>(at - 1 - name)};
  const auto reader = reader_of(key);
  // Only a row with a string beyond ASCII is checked as a whole.
  if (reader == kRefused || !is_utf8(key)) return {};
  at = skip_space(at);
  if (*at != ':') return {};
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
  return {at, reader};
}

}  // namespace flow
