#pragma once

#include "flow/base/units.hpp"
#include "flow/connector/source.hpp"
#include "flow/record/builder.hpp"

#include <span>
#include <string_view>

namespace flow {

/// The rows that `on_error: dead_letter` gives to the dead-letter sink:
///
///   source  string     the node
///   place   string     `flights-07.csv:48213 (byte 9311204)`
///   reason  string     `column 'delay': '12x' is not a whole number`
///   row     string     the row as it stood there, null if that is not UTF-8
///   raw     bytes      the same, only if it is not UTF-8
///   at      timestamp  when it was set aside
SchemaPtr dead_letter_schema();

/// The bad rows of a source as a batch of dead_letter_schema().
Batch dead_letters(std::string_view source, std::span<const BadRow> rows, EventTime at,
                   SlabPool& pool);

}  // namespace flow
