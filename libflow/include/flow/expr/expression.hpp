#pragma once

#include "flow/base/error.hpp"
#include "flow/expr/expression_text.hpp"
#include "flow/record/batch.hpp"
#include "flow/record/buffer.hpp"
#include "flow/record/schema.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

namespace expr {
struct Program;
}

/// Longest expression text, in bytes; the parser's own stack use grows with it (4 MiB at the
/// limit).
inline constexpr std::size_t kMaxExpressionBytes = 64 * 1024;
/// Deepest nesting of operators, calls and CASE in one expression.
inline constexpr std::uint32_t kMaxExpressionDepth = 400;

struct CompileOptions {
  /// Name of the input, for messages (`no column 'dely' in 'flights'`) and as a qualifier
  /// (`flights.delay`).
  std::string input;
  /// The type the surroundings need: the result is converted where PostgreSQL would do so by
  /// itself, anything else is a type_mismatch.
  std::optional<DataType> expected;
};

/// What one evaluation needs from its caller.
///
/// Owner: the operator that evaluates.   Thread: actor-confined.
struct EvalContext {
  static constexpr std::uint32_t kNoRow = std::numeric_limits<std::uint32_t>::max();

  explicit EvalContext(SlabPool& the_pool) : pool{the_pool} {}

  SlabPool& pool;  ///< Results and intermediate columns live here.
  /// Set with each runtime error: the physical row that raised it; kNoRow if it is of no row.
  std::uint32_t failed_row = kNoRow;
};

/// A compiled scalar expression, bound to one schema.
///
/// The language is PostgreSQL's (README.md in libflow/src/expr lists the differences). A row that
/// the batch's selection leaves out, an untaken CASE branch, a COALESCE argument that is not
/// needed and the right side of a decided AND / OR raise nothing.
///
/// Owner:  value; the program is shared.
/// Thread: value (immutable).
/// Errors: compile: 1101–1119, pointing at the text; evaluate, filter: 1120–1139, with the row.
class Expression {
 public:
  static Result<Expression> compile(const ExpressionText& text, const Schema& schema,
                                    const CompileOptions& options = {});

  [[nodiscard]] DataType type() const noexcept;
  /// False only if no row can give null.
  [[nodiscard]] bool nullable() const noexcept;
  /// Indexes of the schema's columns that are read, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& columns_used() const noexcept;
  /// The column this expression merely names, if it does nothing else.
  [[nodiscard]] std::optional<std::uint32_t> column_only() const noexcept;
  /// True if the result is the same for every row.
  [[nodiscard]] bool is_constant() const noexcept;
  /// Normalised text that compiles to the same expression: for plans and comparisons.
  [[nodiscard]] const std::string& canonical() const noexcept;
  /// The text as it was given.
  [[nodiscard]] const ExpressionText& text() const noexcept;

  /// Computes one value per physical row of the batch. Rows that are not selected hold
  /// unspecified values. A result that is the same for all rows is a constant column.
  /// Precondition: the batch has the columns of the schema the expression was compiled for.
  Result<Column> evaluate(const Batch& batch, EvalContext& context) const;

  /// Keeps the rows for which a boolean expression is true (not false, not null); only the
  /// selection of the batch changes.
  Result<Batch> filter(Batch batch, EvalContext& context) const;

 private:
  explicit Expression(std::shared_ptr<const expr::Program> program)
      : program_{std::move(program)} {}
  std::shared_ptr<const expr::Program> program_;
};

}  // namespace flow
