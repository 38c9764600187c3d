#pragma once

#include "flow/format/format.hpp"
#include "flow/record/value.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace flow::testing {

inline CsvFormat csv_format(bool header, char delimiter = ',', char quote = '"',
                            std::string null = {}) {
  return {delimiter, quote, header, std::move(null)};
}

/// All rows of a text and all rows that were set aside.
struct DecodedText {
  std::vector<std::vector<Value>> rows;
  std::vector<RejectedRow> rejected;
  std::vector<TextPosition> positions;  ///< After each batch.
  TextPosition end;
};

/// Feeds `text` in windows that grow by `step` bytes whenever the decoder wants more.
/// `rows_per_batch` of 0: full batches.
inline Result<DecodedText> decode_text(RowDecoder& decoder, const SchemaPtr& schema,
                                       std::string_view text, std::size_t step = ~std::size_t{0},
                                       TextPosition start = {}, std::string_view header = {}) {
  auto pool = SlabPool::make();
  DecodedText result;
  if (auto status = decoder.start(start, header); !status) return std::move(status).error();
  BatchBuilder builder{schema, *pool};
  auto begin = static_cast<std::size_t>(start.byte);
  auto end = begin;
  for (;;) {
    end += std::min(step, text.size() - end);
    const bool last = end == text.size();
    // A copy of exactly the window and its padding, so that a sanitizer sees every byte read too
    // far.
    std::vector<char> window(text.begin() + static_cast<std::ptrdiff_t>(begin),
                             text.begin() + static_cast<std::ptrdiff_t>(end));
    const auto size = window.size();
    window.insert(window.end(), kWindowPadding, '"');
    decoder.feed({window.data(), size}, last);
    auto state = RowDecoder::State::full;
    while (state == RowDecoder::State::full) {
      auto decoded = decoder.decode(builder, result.rejected, 16);
      if (!decoded) return std::move(decoded).error();
      state = *decoded;
      const auto batch = builder.finish();
      for (auto& row : rows_of(batch)) result.rows.push_back(std::move(row));
      result.positions.push_back(decoder.position());
    }
    begin += decoder.consumed();
    if (state == RowDecoder::State::finished) {
      result.end = decoder.position();
      return result;
    }
    if (last) return Error{Errc::internal, "the decoder wants more than there is"};
  }
}

inline Result<DecodedText> decode_text(const Format& format, const SchemaPtr& schema,
                                       std::string_view text, std::size_t step = ~std::size_t{0}) {
  auto decoder = make_decoder(format, DecodedColumns::all(schema));
  if (!decoder) return std::move(decoder).error();
  return decode_text(**decoder, schema, text, step);
}

inline bool operator==(const RejectedRow& a, const RejectedRow& b) {
  return a.code == b.code && a.at == b.at && a.column == b.column && a.reason == b.reason &&
         a.bytes == b.bytes;
}

}  // namespace flow::testing

namespace flow {
inline bool operator==(const RejectedRow& a, const RejectedRow& b) {
  return testing::operator==(a, b);
}
}  // namespace flow
