#pragma once

#include "flow/record/batch.hpp"
#include "flow/record/value.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace flow::testing {

/// One value in a test's table; takes its type from the column it meets.
///
/// Numbers fit every numeric column (and timestamps as microseconds, dates as days), text fits
/// string, bytes, timestamp and date columns, nullptr is null.
class Cell {
 public:
  Cell(std::nullptr_t) {}              // NOLINT(google-explicit-constructor)
  Cell(bool value) : value_{value} {}  // NOLINT(google-explicit-constructor)
  Cell(std::floating_point auto value)
      : value_{double{value}} {}  // NOLINT(google-explicit-constructor)
  template <std::integral T>
  requires(!std::same_as<T, bool>) Cell(T value)
      : value_{static_cast<std::int64_t>(value)} {}           // NOLINT(google-explicit-constructor)
  Cell(const char* text) : value_{std::string{text}} {}       // NOLINT(google-explicit-constructor)
  Cell(std::string_view text) : value_{std::string{text}} {}  // NOLINT(google-explicit-constructor)
  Cell(std::string text) : value_{std::move(text)} {}         // NOLINT(google-explicit-constructor)
  Cell(Bytes bytes) : value_{std::move(bytes)} {}             // NOLINT(google-explicit-constructor)
  Cell(Date date) : value_{date} {}                           // NOLINT(google-explicit-constructor)
  Cell(EventTime time) : value_{time} {}                      // NOLINT(google-explicit-constructor)
  Cell(Value value) : value_{std::move(value)} {}             // NOLINT(google-explicit-constructor)

  /// The value as a column of this type holds it; throws std::invalid_argument if it does not fit.
  [[nodiscard]] Value as(DataType type) const;

 private:
  Value value_;
};
using Row = std::vector<Cell>;

/// `"k:string v:int64 at:timestamp!"`: fields by name and type, `!` = not null.
SchemaPtr schema(std::string_view text);

/// A dense batch with slabs of its own pool:
/// `batch("k:string v:int64", {{"a", 1}, {"b", nullptr}})`.
Batch batch(std::string_view schema_text, const std::vector<Row>& rows);
Batch batch(const SchemaPtr& schema, const std::vector<Row>& rows);

/// A changelog batch: the first cell of each row is its kind, `+I -U +U -D`.
Batch changelog(std::string_view schema_text, const std::vector<Row>& rows);
Batch changelog(const SchemaPtr& schema, const std::vector<Row>& rows);

/// The same batch with only these physical rows selected.
Batch select(Batch from, const std::vector<std::uint32_t>& rows);

/// The same rows with a column's values behind a dictionary (its nulls stay nulls).
Batch with_dictionary(const Batch& from, std::size_t column);

/// The selected rows as text, one string per row, type and kind included: for whole comparisons and
/// for sorting. Equal exactly if the rows are (NaN equals NaN, −0 differs from 0).
std::vector<std::string> row_texts(const Batch& batch);
std::vector<std::string> row_texts(const std::vector<Batch>& batches);

/// Checks that the selected rows are exactly these, in order. In a changelog batch the first cell
/// of each row is its kind.
void expect_rows(const Batch& batch, const std::vector<Row>& rows,
                 std::source_location where = std::source_location::current());
void expect_rows(const std::vector<Batch>& batches, const std::vector<Row>& rows,
                 std::source_location where = std::source_location::current());
/// The same, in any order.
void expect_rows_in_any_order(const std::vector<Batch>& batches, const std::vector<Row>& rows,
                              std::source_location where = std::source_location::current());

}  // namespace flow::testing
