#pragma once

#include "simple_operators.hpp"

#include <vector>

namespace flow {

/// A simple step bound to its input: what comes out, and how. With errors the rest is unspecified.
struct BoundStep {
  StreamShape shape;
  std::vector<ProjectOperator::Output> outputs;  ///< Of project, drop and rename.
  std::optional<Expression> condition;           ///< Of filter.
  std::vector<Error> errors;
};

BoundStep bind(const FilterSpec& spec, const StreamShape& input, const SourcePlace& place);
BoundStep bind(const ProjectSpec& spec, const StreamShape& input, const SourcePlace& place);
BoundStep bind(const DropSpec& spec, const StreamShape& input, const SourcePlace& place);
BoundStep bind(const RenameSpec& spec, const StreamShape& input, const SourcePlace& place);
BoundStep bind(const UnionSpec& spec, const std::vector<StreamShape>& inputs,
               const SourcePlace& place);

}  // namespace flow
