#pragma once

#include "coalescer.hpp"

#include "flow/expr/expression.hpp"
#include "flow/operators/spec.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace flow {

/// Base of operators without state of their own.
class StatelessOperator : public Operator {
 public:
  Status open(const OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  Status snapshot(SnapshotSink& /*sink*/) override { return {}; }
  Status restore(SnapshotSource& /*source*/) override { return {}; }

 protected:
  const OperatorContext* context_ = nullptr;
};

/// Keeps the rows for which the condition is true; sets the selection, copies only thin batches.
///
/// Owner: the chain.   Thread: actor-confined.   Errors: the expression's.
class FilterOperator final : public StatelessOperator {
 public:
  explicit FilterOperator(Expression condition) : condition_{std::move(condition)} {}
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_watermark(EventTime now, Collector& out) override;
  Result<Progress> on_flush(Collector& out) override;
  Result<Progress> on_end(Collector& out) override;
  Status snapshot(SnapshotSink& sink) override;
  Status restore(SnapshotSource& source) override;

 private:
  Expression condition_;
  Coalescer thin_;
};

/// Makes every output column from an input column (shared) or an expression.
///
/// Owner: the chain.   Thread: actor-confined.   Errors: the expressions'.
class ProjectOperator final : public StatelessOperator {
 public:
  struct Output {
    std::uint32_t column = 0;  ///< Input column, if there is no expression.
    std::optional<Expression> expression;
  };
  ProjectOperator(SchemaPtr schema, std::vector<Output> outputs)
      : schema_{std::move(schema)}, outputs_{std::move(outputs)} {}
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;

 private:
  SchemaPtr schema_;
  std::vector<Output> outputs_;
};

/// Hands on the rows of all inputs as they come, under one schema.
///
/// Owner: the chain.   Thread: actor-confined.
class UnionOperator final : public StatelessOperator {
 public:
  explicit UnionOperator(SchemaPtr schema) : schema_{std::move(schema)} {}
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;

 private:
  SchemaPtr schema_;
};

}  // namespace flow
