#pragma once

#include "kernels/bits.hpp"
#include "node.hpp"

namespace flow::expr {

/// Evaluates nodes over one batch.
///
/// A column is handed up as it is (plain, constant or dictionary); kernels see plain or constant.
/// Which rows a sub-expression is computed for shrinks on the way down: AND, OR, CASE and COALESCE
/// pass only the rows they still need, so that the others cannot raise.
///
/// Owner: one evaluate() call.   Thread: actor-confined.
class Evaluator {
 public:
  Evaluator(const Batch& batch, EvalContext& context) : batch_{batch}, context_{context} {}

  Result<Column> run(const Node& node, Rows rows);

 private:
  /// An argument: borrowed from the batch or the program, or owned.
  struct Operand {
    Column owned;
    const Column* column = nullptr;
  };
  Status operand(const Node& node, Rows rows, Operand& into);

  Result<Column> call(const Node& node, Rows rows);
  Result<Column> call_kernel(const Node& node, std::span<const Column* const> args, Rows rows);
  Result<Column> call_on_constants(const Node& node, std::span<const Column* const> args,
                                   Rows rows);
  Result<Column> call_on_dictionary(const Node& node, std::span<const Column* const> args,
                                    const Column& dictionary, Rows values);

  Result<Column> logic(const Node& node, Rows rows);
  Result<Column> null_test(const Node& node, Rows rows);
  Result<Column> truth_test(const Node& node, Rows rows);
  Result<Column> distinct_from(const Node& node, Rows rows);

  Result<Column> case_when(const Node& node, Rows rows);
  Result<Column> coalesce(const Node& node, Rows rows);
  Result<Column> fill_nulls(const Node& node, Rows rows);
  Result<Column> extreme(const Node& node, Rows rows);
  Result<Column> nullif(const Node& node, Rows rows);

  /// One arm of a choice: its rows and its values.
  struct Arm {
    Rows rows;
    Buffer storage;
    Column column;
  };
  Result<Column> merge(DataType type, Rows rows, std::vector<Arm>& arms);

  /// Bits of rows that are true (false) and not null; `column` is boolean, any encoding.
  Buffer truth_bits(const Column& column, bool truth, std::uint32_t rows);
  /// Bits of rows that are not null, empty = all.
  Buffer validity_of(const Column& column, std::uint32_t rows);
  [[nodiscard]] SlabPool& pool() const noexcept { return context_.pool; }

  const Batch& batch_;
  EvalContext& context_;
};

/// Allocates what a kernel of this result type fills.
Column allocate_result(DataType type, std::uint32_t rows, SlabPool& pool);

/// greatest / least of two columns of one type, nulls ignored. Defined for plain columns.
Column choose_extreme(const Column& left, const Column& right, bool greatest, Rows rows,
                      SlabPool& pool);

}  // namespace flow::expr
