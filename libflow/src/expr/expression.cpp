#include "flow/expr/expression.hpp"

#include "binder.hpp"
#include "kernels/bits.hpp"
#include "node.hpp"
#include "source.hpp"
#include "syntax.hpp"

#include <algorithm>
#include <set>

namespace flow {

namespace {

void collect_columns(const expr::Node& node, std::set<std::uint32_t>& columns) {
  if (node.kind == expr::NodeKind::column) columns.insert(node.column);
  for (const auto& arg : node.args) collect_columns(*arg, columns);
}

expr::Rows active_rows(const Batch& batch) {
  if (!batch.has_selection()) return expr::Rows::all_of(batch.rows());
  const auto selection = batch.selection();
  return {batch.rows(), selection.data(), static_cast<std::uint32_t>(selection.size())};
}

}  // namespace

Result<Expression> Expression::compile(const ExpressionText& text, const Schema& schema,
                                       const CompileOptions& options) {
  auto program = std::make_shared<expr::Program>();
  program->text = text;
  FLOW_ASSIGN(auto syntax, expr::parse_expression(program->text));
  expr::Binder binder{program->text, schema, options};
  FLOW_ASSIGN(program->root, binder.bind_root(syntax));
  program->canonical = expr::canonical_text(syntax);
  std::set<std::uint32_t> columns;
  collect_columns(*program->root, columns);
  program->columns.assign(columns.begin(), columns.end());
  return Expression{std::move(program)};
}

DataType Expression::type() const noexcept { return program_->root->type; }
bool Expression::nullable() const noexcept { return program_->root->nullable; }
const std::vector<std::uint32_t>& Expression::columns_used() const noexcept {
  return program_->columns;
}
std::optional<std::uint32_t> Expression::column_only() const noexcept {
  if (program_->root->kind != expr::NodeKind::column) return std::nullopt;
  return program_->root->column;
}
bool Expression::is_constant() const noexcept { return program_->root->is_constant(); }
const std::string& Expression::canonical() const noexcept { return program_->canonical; }
const ExpressionText& Expression::text() const noexcept { return program_->text; }

Result<Column> Expression::evaluate(const Batch& batch, EvalContext& context) const {
  context.failed_row = EvalContext::kNoRow;
  return expr::evaluate_node(*program_->root, batch, active_rows(batch), context);
}

Result<Batch> Expression::filter(Batch batch, EvalContext& context) const {
  FLOW_CHECK(type() == types::boolean, "filter by an expression of another type");
  context.failed_row = EvalContext::kNoRow;
  const auto rows = active_rows(batch);
  if (rows.active == 0) return batch;
  FLOW_ASSIGN(auto column, expr::evaluate_node(*program_->root, batch, rows, context));
  if (column.encoding == Encoding::constant) {
    const bool keep = !expr::constant_is_null(column) && bit_at(column.child->values.data(), 0);
    if (!keep) batch.set_selection(Buffer::allocate(context.pool, 0), 0);
    return batch;
  }
  // Null counts as false.
  Buffer combined = column.values;
  if (column.has_validity()) {
    combined = expr::make_bitmap(rows.count, context.pool);
    for (std::size_t w = 0; w < expr::words_for(rows.count); ++w)
      expr::mutable_words(combined)[w] =
          expr::words(column.values)[w] & expr::words(column.validity)[w];
  }
  Buffer selection;
  const auto kept = expr::narrow(rows, expr::words(combined), selection, context.pool);
  if (kept.active < rows.active) batch.set_selection(std::move(selection), kept.active);
  return batch;
}

}  // namespace flow
