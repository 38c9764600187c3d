#pragma once

#include "flow/base/byte_io.hpp"
#include "flow/record/builder.hpp"
#include "flow/state/keyed_table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

enum class AggregateFunction : std::uint8_t { count, sum, min, max, avg };

/// An aggregate whose argument has a type: what Accumulators are made from.
struct BoundAggregate {
  AggregateFunction function = AggregateFunction::count;
  int argument = -1;  ///< Index among the argument columns; -1 for count().
  DataType argument_type = types::null;
  bool argument_nullable = true;
  DataType result = types::int64;
  std::string name;  ///< Output column, for messages.
};

/// One piece of an accumulator. Stored in snapshots: never renumber.
enum class CellKind : std::uint8_t {
  rows = 0,       ///< int64: rows.
  valid = 1,      ///< int64: rows whose argument is not null.
  sum_int = 2,    ///< Int128: exact, so the result does not depend on the order of rows.
  sum_float = 3,  ///< double.
  word = 4,      ///< uint64: the largest order-preserving image; min stores the inverted image; 0 =
                 ///< none yet.
  text_min = 5,  ///< Pointer to a block of text, or null.
  text_max = 6,
};

struct Cell {
  CellKind kind = CellKind::rows;
  int argument = -1;
  bool minimum = false;          ///< word: inverted.
  DataType type = types::int64;  ///< Of the argument.
  std::uint32_t offset = 0;      ///< Bytes from the beginning of the value.
  bool operator==(const Cell&) const = default;
};

/// The accumulators of a list of aggregates, side by side in one fixed-width value.
///
/// Zero bytes are the empty accumulator. Aggregates share cells: avg(x) and count(x) count once.
/// Every function works on many values, one loop per cell.
///
/// Owner: an operator.   Thread: actor-confined.
class Accumulators final : public ValueCodec {
 public:
  explicit Accumulators(std::vector<BoundAggregate> aggregates);

  [[nodiscard]] std::uint32_t value_bytes() const noexcept { return value_bytes_; }
  [[nodiscard]] const std::vector<Cell>& cells() const noexcept { return cells_; }
  /// Whether subtract() undoes merge() exactly.
  [[nodiscard]] bool invertible() const noexcept { return invertible_; }
  [[nodiscard]] static std::int64_t rows_in(const std::byte* value) noexcept;

  /// Adds rows: `rows[i]` (or `first + i` if rows is empty) of the plain argument columns to
  /// `values[i]`.
  void update(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
              std::uint32_t first, std::span<const Column> arguments) const;
  /// Adds accumulators to others.
  void merge(std::span<std::byte* const> into, std::span<const std::byte* const> from) const;
  /// Takes accumulators out again; only if invertible().
  void subtract(std::span<std::byte* const> into, std::span<const std::byte* const> from) const;
  /// merge() of one, whose texts stay property of `from`: for results that live shorter.
  void merge_borrowed(std::byte* into, const std::byte* from) const;

  /// Appends the results, one column per aggregate. Errors: aggregate_overflow.
  Status finish(std::span<const std::byte* const> values, std::span<ColumnBuilder> columns) const;

  /// Columns of partial accumulators between the phases: names and types.
  [[nodiscard]] std::vector<Field> partial_fields() const;
  void append_partial(std::span<const std::byte* const> values,
                      std::span<ColumnBuilder> columns) const;
  /// Adds partial accumulators: row `rows[i]` (or `first + i`) of `columns` to `values[i]`.
  void merge_partial(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
                     std::uint32_t first, std::span<const Column> columns) const;
  /// The partial columns of single rows, without a table in between.
  [[nodiscard]] std::vector<Column> single_row_partials(std::uint32_t rows,
                                                        std::span<const Column> arguments,
                                                        SlabPool& pool) const;

  /// Description of the cells: a snapshot of other cells is refused.
  void describe(ByteWriter& out) const;

  void encode(const std::byte* value, std::string& out) const override;
  /// Sets an empty value from what encode() wrote; false if the bytes are not that.
  [[nodiscard]] bool decode(std::string_view bytes, std::byte* value) const;
  [[nodiscard]] bool owns_memory() const noexcept override { return has_text_; }
  void release(std::byte* value) const noexcept override;

 private:
  bool update_count_and_sum(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
                            std::uint32_t first, std::span<const Column> arguments) const;
  std::uint32_t add_cell(CellKind kind, int argument, bool minimum, DataType type);
  struct Parts {
    std::uint32_t value = 0;  ///< Cell index.
    std::uint32_t count = 0;  ///< Cell that counts the rows that are not null.
  };

  std::vector<BoundAggregate> aggregates_;
  std::vector<Parts> parts_;
  std::vector<Cell> cells_;
  std::uint32_t value_bytes_ = 0;
  bool invertible_ = true;
  bool has_text_ = false;
  bool count_and_sum_ = false;
};

}  // namespace flow
