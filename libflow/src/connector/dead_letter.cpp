#include "flow/connector/dead_letter.hpp"

#include "flow/record/builder.hpp"

namespace flow {
namespace {

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

std::string readable(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    if (const auto length = sequence_length(bytes); length != 0) {
      text.append(bytes.substr(0, length));
      bytes.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes.front());
    text.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    bytes.remove_prefix(1);
  }
  return text;
}

}  // namespace

SchemaPtr dead_letter_schema() {
  return make_schema({{"at", types::timestamp, false},
                      {"source", types::string, false},
                      {"place", types::string, false},
                      {"code", types::string, false},
                      {"reason", types::string, false},
                      {"row", types::string, false}});
}

Batch make_dead_letters(std::string_view source, std::span<const BadRow> rows, EventTime now,
                        SlabPool& pool) {
  BatchBuilder builder{dead_letter_schema(), pool, static_cast<std::uint32_t>(rows.size())};
  for (const auto& row : rows) {
    builder.append_row({Value{now}, Value{std::string{source}}, Value{readable(row.where)},
                        Value{"E" + std::to_string(static_cast<unsigned>(row.code))},
                        Value{readable(row.reason)}, Value{readable(row.bytes)}});
  }
  return builder.finish();
}

}  // namespace flow
