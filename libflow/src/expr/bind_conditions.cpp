#include "binder.hpp"
#include "kernels/bits.hpp"
#include "kernels/kernels.hpp"
#include "source.hpp"

#include <algorithm>

namespace flow::expr {

namespace {

/// True or false for a constant that is not null.
std::optional<bool> truth_of(const Node& node) {
  if (!node.is_constant() || is_null(node) || node.type != types::boolean) return std::nullopt;
  return bit_at(node.constant.child->values.data(), 0);
}

}  // namespace

Result<NodePtr> Binder::condition(const Bound& value, const char* what) {
  if (!can_coerce(value, types::boolean)) {
    return Error{Errc::type_mismatch,
                 std::string{what} + " needs a bool, found " + name_of(value.type())}
        .with_remedy("write a comparison")
        .at(place_of(text_, value.offset));
  }
  return coerce(value, types::boolean);
}

Result<NodePtr> Binder::negate(NodePtr condition, std::uint32_t offset) {
  return make_call(not_kernel(), types::boolean, {std::move(condition)}, offset, "NOT", false);
}

// As PostgreSQL's planner: a constant false decides an AND wherever it stands, a constant true
// goes away; OR likewise.
Result<NodePtr> Binder::join(NodeKind kind, std::vector<NodePtr> args, std::uint32_t offset) {
  const bool is_and = kind == NodeKind::logic_and;
  std::vector<NodePtr> kept;
  for (auto& arg : args) {
    const auto value = truth_of(*arg);
    if (value && *value != is_and) return truth(!is_and, offset);
    if (!value) kept.push_back(std::move(arg));
  }
  if (kept.empty()) return truth(is_and, offset);
  if (kept.size() == 1) return kept[0];
  return fold(make(kind, types::boolean, std::move(kept), offset, is_and ? "AND" : "OR"));
}

Result<Binder::Bound> Binder::logic(const Syntax& syntax) {
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const char* what = syntax.kind == SyntaxKind::logic_and  ? "AND"
                     : syntax.kind == SyntaxKind::logic_or ? "OR"
                                                           : "NOT";
  std::vector<NodePtr> args;
  for (const auto& value : list) {
    FLOW_ASSIGN(auto node, condition(value, what));
    args.push_back(std::move(node));
  }
  if (syntax.kind == SyntaxKind::logic_not) {
    FLOW_ASSIGN(auto node, negate(std::move(args[0]), syntax.offset));
    return Bound{std::move(node), false, syntax.offset};
  }
  FLOW_ASSIGN(auto node,
              join(syntax.kind == SyntaxKind::logic_and ? NodeKind::logic_and : NodeKind::logic_or,
                   std::move(args), syntax.offset));
  return Bound{std::move(node), false, syntax.offset};
}

Result<Binder::Bound> Binder::between(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const auto range = [&](const Bound& low, const Bound& high) -> Result<NodePtr> {
    FLOW_ASSIGN(auto above, compare(">=", list[0], low, at));
    FLOW_ASSIGN(auto below, compare("<=", list[0], high, at));
    return join(NodeKind::logic_and, {std::move(above), std::move(below)}, at);
  };
  FLOW_ASSIGN(auto node, range(list[1], list[2]));
  if (syntax.kind == SyntaxKind::between_symmetric) {
    FLOW_ASSIGN(auto swapped, range(list[2], list[1]));
    FLOW_ASSIGN(node, join(NodeKind::logic_or, {std::move(node), std::move(swapped)}, at));
  }
  if (syntax.negated) {
    FLOW_ASSIGN(node, negate(std::move(node), at));
  }
  return Bound{std::move(node), false, at};
}

// Constants are looked up together; what is computed per row is compared after them, from left to
// right, so that it is not evaluated where a constant matched.
Result<Binder::Bound> Binder::in_list(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const Bound operand = list[0];
  BoundList constants{operand};
  std::vector<Bound> others;
  for (std::size_t i = 1; i < list.size(); ++i) {
    if (list[i].node->is_constant()) {
      constants.push_back(list[i]);
    } else {
      others.push_back(list[i]);
    }
  }
  std::vector<NodePtr> tests;
  const auto type = common_type(constants);
  const auto kernel = type ? in_set_kernel(*type) : nullptr;
  if (constants.size() > 2 && kernel != nullptr) {
    std::vector<NodePtr> nodes;
    std::vector<const Column*> values;
    bool has_null = false;
    for (std::size_t i = 1; i < constants.size(); ++i) {
      FLOW_ASSIGN(auto node, coerce(constants[i], *type));
      if (is_null(*node)) {
        has_null = true;
      } else {
        nodes.push_back(std::move(node));
        values.push_back(&nodes.back()->constant);
      }
    }
    FLOW_ASSIGN(auto value, coerce(operand, *type));
    FLOW_ASSIGN(auto test,
                make_call(kernel, types::boolean, {std::move(value)}, at, "IN", false,
                          values.size() > 8, prepare_set(*type, values, has_null), has_null));
    tests.push_back(std::move(test));
  } else {
    for (std::size_t i = 1; i < constants.size(); ++i) {
      FLOW_ASSIGN(auto test, compare("=", operand, constants[i], at));
      tests.push_back(std::move(test));
    }
  }
  for (const auto& other : others) {
    FLOW_ASSIGN(auto test, compare("=", operand, other, at));
    tests.push_back(std::move(test));
  }
  FLOW_ASSIGN(auto node, join(NodeKind::logic_or, std::move(tests), at));
  if (syntax.negated) {
    FLOW_ASSIGN(node, negate(std::move(node), at));
  }
  return Bound{std::move(node), false, at};
}

Result<Binder::Bound> Binder::like(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const bool ignore_case = syntax.kind == SyntaxKind::ilike;
  std::vector<NodePtr> args;
  for (const auto& value : list) {
    if (!can_coerce(value, types::string))
      return no_operator(ignore_case ? "ILIKE" : "LIKE", list[0], list[1], at);
    FLOW_ASSIGN(auto node, coerce(value, types::string));
    args.push_back(std::move(node));
  }
  const char* label = ignore_case ? "ILIKE" : "LIKE";
  NodePtr node;
  const bool constant_pattern = args[1]->is_constant() && !is_null(*args[1]) &&
                                (args.size() < 3 || (args[2]->is_constant() && !is_null(*args[2])));
  if (constant_pattern) {
    const auto text_of = [&](std::size_t i) { return args[i]->constant.child->view(0); };
    auto prepared = prepare_like(text_of(1), args.size() > 2 ? text_of(2) : "\\", ignore_case);
    if (!prepared) return std::move(prepared).error().at(place_of(text_, list[1].offset));
    FLOW_ASSIGN(node, make_call(like_kernel(true, ignore_case), types::boolean, {args[0]}, at,
                                label, false, true, *std::move(prepared)));
  } else {
    FLOW_ASSIGN(node, make_call(like_kernel(false, ignore_case), types::boolean, std::move(args),
                                at, label, true, true));
  }
  if (syntax.negated) {
    FLOW_ASSIGN(node, negate(std::move(node), at));
  }
  return Bound{std::move(node), false, at};
}

Result<Binder::Bound> Binder::test(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto value, bind(syntax.args[0]));
  const bool null_test =
      syntax.kind == SyntaxKind::is_null || syntax.kind == SyntaxKind::is_unknown;
  NodePtr arg = value.node;
  if (syntax.kind != SyntaxKind::is_null) {
    FLOW_ASSIGN(arg, condition(value, "IS TRUE, FALSE or UNKNOWN"));
  }
  const auto kind = !null_test       ? NodeKind::truth_test
                    : syntax.negated ? NodeKind::is_not_null
                                     : NodeKind::is_null;
  auto node = make(kind, types::boolean, {std::move(arg)}, at, "IS");
  node->nullable = false;
  node->negated = syntax.negated;
  node->truth = syntax.kind == SyntaxKind::is_true;
  FLOW_ASSIGN(auto folded, fold(std::move(node)));
  return Bound{std::move(folded), false, at};
}

Result<Binder::Bound> Binder::distinct_from(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const auto type = common_type(list);
  const auto kernel = type ? comparison_kernel(Comparison::not_equal, *type) : nullptr;
  if (kernel == nullptr) return no_operator("IS DISTINCT FROM", list[0], list[1], at);
  FLOW_ASSIGN(auto a, coerce(list[0], *type));
  FLOW_ASSIGN(auto b, coerce(list[1], *type));
  auto node = make(NodeKind::distinct_from, types::boolean, {std::move(a), std::move(b)}, at,
                   "IS DISTINCT FROM");
  node->kernel = kernel;
  node->nullable = false;
  node->negated = syntax.negated;
  FLOW_ASSIGN(auto folded, fold(std::move(node)));
  return Bound{std::move(folded), false, at};
}

Result<Binder::Bound> Binder::case_when(const Syntax& syntax) {
  const auto at = syntax.offset;
  std::size_t next = 0;
  std::optional<Bound> operand;
  if (syntax.has_operand) {
    FLOW_ASSIGN(operand, bind(syntax.args[next++]));
  }
  BoundList conditions;
  BoundList results;
  const auto end = syntax.args.size() - (syntax.has_else ? 1 : 0);
  for (; next + 1 < end; next += 2) {
    const bool certain = conditions.empty();
    FLOW_ASSIGN(auto when, certain ? bind(syntax.args[next]) : bind_conditional(syntax.args[next]));
    if (operand) {
      FLOW_ASSIGN(when.node, compare("=", *operand, when, when.offset));
      when.unknown = false;
    }
    FLOW_ASSIGN(when.node, condition(when, "WHEN"));
    conditions.push_back(std::move(when));
    FLOW_ASSIGN(auto result, bind_conditional(syntax.args[next + 1]));
    results.push_back(std::move(result));
  }
  if (syntax.has_else) {
    FLOW_ASSIGN(auto otherwise, bind_conditional(syntax.args.back()));
    results.push_back(std::move(otherwise));
  } else {
    results.push_back(Bound{null_of(types::null, at), true, at});
  }
  const auto type = common_type(results);
  if (!type) {
    std::string found;
    for (const auto& result : results)
      if (!result.unknown) found += (found.empty() ? "" : ", ") + name_of(result.type());
    return Error{Errc::type_mismatch, "the branches of CASE have different types: " + found}
        .with_remedy("cast them to one type")
        .at(place_of(text_, at));
  }
  // Branches that constants decide: one that is never taken goes away, one that always is ends it.
  std::vector<NodePtr> args;
  ++conditional_;
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto result = coerce(results[i], *type);
    if (!result) {
      --conditional_;
      return std::move(result).error();
    }
    if (i == conditions.size()) {
      args.push_back(*std::move(result));
      break;
    }
    const Node& when = *conditions[i].node;
    if (when.is_constant()) {
      if (truth_of(when) != true) continue;
      args.push_back(*std::move(result));
      break;
    }
    args.push_back(conditions[i].node);
    args.push_back(*std::move(result));
  }
  --conditional_;
  if (args.size() == 1) return Bound{args[0], false, at};
  auto node = make(NodeKind::case_when, *type, std::move(args), at, "CASE");
  node->nullable = false;
  for (std::size_t i = 1; i < node->args.size(); i += 2)
    node->nullable = node->nullable || node->args[i]->nullable;
  node->nullable = node->nullable || node->args.back()->nullable;
  node->costly = true;
  return Bound{NodePtr{std::move(node)}, false, at};
}

Result<Binder::Bound> Binder::choose(const Syntax& syntax) {
  const auto at = syntax.offset;
  const bool is_coalesce = syntax.kind == SyntaxKind::coalesce;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  const char* label = is_coalesce                           ? "COALESCE"
                      : syntax.kind == SyntaxKind::greatest ? "GREATEST"
                                                            : "LEAST";
  const auto type = common_type(list);
  if (!type || *type == kInterval) {
    return Error{Errc::type_mismatch,
                 std::string{"the arguments of "} + label + " have different types"}
        .with_remedy("cast them to one type")
        .at(place_of(text_, at));
  }
  std::vector<NodePtr> args;
  bool nullable = true;
  for (const auto& value : list) {
    FLOW_ASSIGN(auto node, coerce(value, *type));
    if (is_null(*node)) continue;
    nullable = nullable && node->nullable;
    const bool last = is_coalesce && node->is_constant();
    args.push_back(std::move(node));
    if (last) break;  // What stands behind a constant is never needed.
  }
  if (args.empty()) return Bound{null_of(*type, at), false, at};
  if (args.size() == 1) return Bound{args[0], false, at};
  auto node = make(is_coalesce                           ? NodeKind::coalesce
                   : syntax.kind == SyntaxKind::greatest ? NodeKind::greatest
                                                         : NodeKind::least,
                   *type, std::move(args), at, label);
  node->nullable = nullable;
  node->costly = true;
  FLOW_ASSIGN(auto folded, fold(std::move(node)));
  return Bound{std::move(folded), false, at};
}

Result<Binder::Bound> Binder::nullif(const Syntax& syntax) {
  const auto at = syntax.offset;
  FLOW_ASSIGN(auto list, bind_all(syntax, true));
  FLOW_ASSIGN(auto equal, compare("=", list[0], list[1], at));
  if (list[0].unknown) {
    const auto type = common_type(list);
    FLOW_ASSIGN(list[0].node, coerce(list[0], *type));
  }
  const DataType type = list[0].type();
  auto node = make(NodeKind::nullif, type, {list[0].node, std::move(equal)}, at, "NULLIF");
  node->nullable = true;
  FLOW_ASSIGN(auto folded, fold(std::move(node)));
  return Bound{std::move(folded), false, at};
}

}  // namespace flow::expr
