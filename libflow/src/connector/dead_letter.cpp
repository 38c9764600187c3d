#include "flow/connector/dead_letter.hpp"

#include "flow/format/utf8.hpp"

namespace flow {

SchemaPtr dead_letter_schema() {
  return make_schema({{"source", types::string, false},
                      {"place", types::string, false},
                      {"reason", types::string, false},
                      {"row", types::string},
                      {"raw", types::bytes},
                      {"at", types::timestamp, false}});
}

Batch dead_letters(std::string_view source, std::span<const BadRow> rows, EventTime at,
                   SlabPool& pool) {
  BatchBuilder builder{dead_letter_schema(), pool};
  for (const auto& row : rows) {
    builder.column(0).append_view(source);
    // File names are bytes, too.
    builder.column(1).append_view(is_utf8(row.where) ? row.where : "?");
    builder.column(2).append_view(is_utf8(row.reason) ? row.reason : "?");
    if (is_utf8(row.bytes)) {
      builder.column(3).append_view(row.bytes);
      builder.column(4).append_null();
    } else {
      builder.column(3).append_null();
      builder.column(4).append_view(row.bytes);
    }
    builder.column(5).append_int64(at.micros);
  }
  return builder.finish();
}

}  // namespace flow
