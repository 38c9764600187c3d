#pragma once

#include "node.hpp"
#include "syntax.hpp"

#include "flow/record/schema.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::expr {

/// Turns syntax into typed nodes: finds columns, functions and conversions, folds constants.
///
/// A quoted text and NULL have no type until their surroundings give them one (`unknown`), as in
/// PostgreSQL: `delay > '15'` reads 15 as delay's type.
///
/// Owner: one compile() call.   Thread: actor-confined.
class Binder {
 public:
  Binder(const ExpressionText& text, const Schema& schema, const CompileOptions& options);

  Result<NodePtr> bind_root(const Syntax& syntax);

 private:
  struct Bound {
    NodePtr node;
    bool unknown = false;  ///< A quoted text or NULL without a type.
    std::uint32_t offset = 0;
    [[nodiscard]] DataType type() const { return node->type; }
  };
  using BoundList = std::vector<Bound>;

  Result<Bound> bind(const Syntax& syntax);
  /// Binds where evaluation is not certain, so that folding must not raise.
  Result<Bound> bind_conditional(const Syntax& syntax);
  Result<BoundList> bind_all(const Syntax& syntax, bool first_is_certain);

  // Names, literals, conversions.
  Result<Bound> column(const Syntax& syntax);
  Result<Bound> number(const Syntax& syntax);
  Result<Bound> cast(const Syntax& syntax);
  Error unknown_column(const Syntax& syntax) const;
  Error unknown_type(const Syntax& syntax) const;
  /// What PostgreSQL does by itself: widening numbers, date to timestamp, texts without type.
  Result<NodePtr> coerce(const Bound& from, DataType to);
  [[nodiscard]] static bool can_coerce(const Bound& from, DataType to);
  Result<NodePtr> read_literal(const Bound& literal, DataType to);
  /// The type all of them can become; nothing if there is none. All unknown: string.
  [[nodiscard]] static std::optional<DataType> common_type(const BoundList& values);

  // Operators.
  Result<Bound> unary(const Syntax& syntax);
  Result<Bound> binary(const Syntax& syntax);
  Result<NodePtr> arithmetic(const std::string& op, Bound left, Bound right, std::uint32_t offset);
  Result<NodePtr> time_arithmetic(const std::string& op, const Bound& left, const Bound& right,
                                  std::uint32_t offset);
  Result<NodePtr> concatenate(const Bound& left, const Bound& right, std::uint32_t offset);
  Result<NodePtr> compare(const std::string& op, const Bound& left, const Bound& right,
                          std::uint32_t offset);
  Error no_operator(const std::string& op, const Bound& left, const Bound& right,
                    std::uint32_t offset) const;

  // Conditions.
  Result<Bound> logic(const Syntax& syntax);
  Result<NodePtr> negate(NodePtr condition, std::uint32_t offset);
  Result<NodePtr> join(NodeKind kind, std::vector<NodePtr> args, std::uint32_t offset);
  Result<NodePtr> condition(const Bound& value, const char* what);
  Result<Bound> between(const Syntax& syntax);
  Result<Bound> in_list(const Syntax& syntax);
  Result<Bound> like(const Syntax& syntax);
  Result<Bound> test(const Syntax& syntax);
  Result<Bound> distinct_from(const Syntax& syntax);
  Result<Bound> case_when(const Syntax& syntax);
  Result<Bound> choose(const Syntax& syntax);  // COALESCE, GREATEST, LEAST
  Result<Bound> nullif(const Syntax& syntax);

  // Functions.
  Result<Bound> call(const Syntax& syntax);
  Result<Bound> extract(const Syntax& syntax, const BoundList& args);
  Result<Bound> date_trunc(const Syntax& syntax, const BoundList& args);
  Error unknown_function(const Syntax& syntax) const;

  // Nodes.
  std::shared_ptr<Node> make(NodeKind kind, DataType type, std::vector<NodePtr> args,
                             std::uint32_t offset, std::string label) const;
  Result<NodePtr> make_call(KernelFunction kernel, DataType type, std::vector<NodePtr> args,
                            std::uint32_t offset, std::string label, bool can_raise,
                            bool costly = false, std::shared_ptr<const Prepared> prepared = nullptr,
                            bool adds_nulls = false);
  /// Replaces a node whose arguments are constant by its value.
  Result<NodePtr> fold(std::shared_ptr<Node> node);
  NodePtr constant(Column value, std::uint32_t offset) const;
  NodePtr null_of(DataType type, std::uint32_t offset) const;
  NodePtr truth(bool value, std::uint32_t offset) const;

  const ExpressionText& text_;
  const Schema& schema_;
  const CompileOptions& options_;
  PoolHandle pool_;
  int conditional_ = 0;
};

/// `int32`, and `interval` for the type that columns cannot have.
std::string name_of(DataType type);
/// A constant, and null.
bool is_null(const Node& node);

}  // namespace flow::expr
