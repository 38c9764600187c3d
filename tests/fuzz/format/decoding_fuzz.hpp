#pragma once

#include "flow/base/check.hpp"
#include "flow/format/format.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace flow::fuzz {

/// What came out, as one string: rows by their encoding, bad rows by place and reason.
inline std::string outcome(const Format& format, const SchemaPtr& schema, std::string_view text,
                           std::size_t step) {
  // Fresh slabs for every text would cost more than reading it.
  static const PoolHandle pool = SlabPool::make();
  constexpr std::uint32_t kRows = 7;
  auto decoder = make_decoder(format, DecodedColumns::all(schema));
  auto encoder = make_encoder(NdjsonFormat{}, schema);
  FLOW_CHECK(decoder && encoder, "the fuzzer's own schema must do");
  FLOW_CHECK((*decoder)->start({}, {}), "a fresh stream must start");
  BatchBuilder builder{schema, *pool, kRows};
  std::vector<RejectedRow> rejected;
  TextBuffer out;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (;;) {
    end += std::min(step, text.size() - end);
    std::vector<char> window(text.begin() + static_cast<std::ptrdiff_t>(begin),
                             text.begin() + static_cast<std::ptrdiff_t>(end));
    const auto size = window.size();
    window.insert(window.end(), kWindowPadding, '"');
    (*decoder)->feed({window.data(), size}, end == text.size());
    auto state = RowDecoder::State::full;
    while (state == RowDecoder::State::full) {
      auto decoded = (*decoder)->decode(builder, rejected, kRows);
      if (!decoded) return "refused";
      state = *decoded;
      (*encoder)->encode(builder.finish(), out);
    }
    begin += (*decoder)->consumed();
    if (state == RowDecoder::State::finished) break;
    FLOW_CHECK(end < text.size(), "the decoder wants more than there is");
  }
  std::string result{out.view()};
  for (const auto& row : rejected)
    result += std::to_string(row.at.byte) + ":" + std::to_string(row.at.line) + row.column +
              row.reason + "\n";
  result += std::to_string((*decoder)->position().byte) + ":" +
            std::to_string((*decoder)->position().line);
  return result;
}

inline SchemaPtr every_type() {
  return make_schema({{"a", types::int64},
                      {"b", types::string},
                      {"c", types::float64},
                      {"d", types::timestamp},
                      {"e", types::boolean},
                      {"f", types::int32},
                      {"g", types::date},
                      {"h", types::bytes}});
}

/// However a text is cut, the same must come out.
inline void check(const Format& format, const SchemaPtr& schema, std::string_view text,
                  std::size_t step) {
  const auto whole = outcome(format, schema, text, ~std::size_t{0});
  FLOW_CHECK(outcome(format, schema, text, step) == whole, "cutting the text changed its rows");
}

}  // namespace flow::fuzz
