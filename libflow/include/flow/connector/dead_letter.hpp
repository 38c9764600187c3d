#pragma once

#include "flow/connector/source.hpp"

#include <span>
#include <string_view>

namespace flow {

/// Rows of a dead-letter sink: `at` (timestamp, wall clock when the row was set aside), `source`
/// (node), `place` (file, byte, and the line where it is known: not in the later ranges of a large
/// file), `code` (of the error, `E2403`), `reason`, `row` (the raw row, its first 64 KiB; bytes
/// that are not UTF-8 as `\xNN`).
SchemaPtr dead_letter_schema();

/// The batch that a dead-letter sink gets for rows a source set aside.
Batch make_dead_letters(std::string_view source, std::span<const BadRow> rows, EventTime now,
                        SlabPool& pool);

}  // namespace flow
