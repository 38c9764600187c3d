#pragma once

#include "flow/record/batch.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace flow {

/// Days since the epoch, as a type of its own so that a Value knows it is a date.
struct Date {
  std::int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};
/// Bytes that are not text.
struct Bytes {
  std::string data;
  auto operator<=>(const Bytes&) const = default;
};

/// One value of one row, for edges where speed does not matter: tests, printing, configuration,
/// literals, state inspection. std::monostate is null.
using Value = std::variant<std::monostate, bool, std::int32_t, std::int64_t, double, std::string,
                           Bytes, Date, EventTime>;

/// The value at a physical row, dictionary and constant encodings resolved.
Value value_at(const Column& column, std::size_t row);
/// The selected rows as values.
std::vector<std::vector<Value>> rows_of(const Batch& batch);
/// Text of a value as NDJSON would write it (strings without quotes).
std::string to_string(const Value& value);
/// A table of the selected rows for people, at most `max_rows`.
std::string pretty(const Batch& batch, std::size_t max_rows = 20);

}  // namespace flow
