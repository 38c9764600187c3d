#pragma once

#include "flow/graph/logical_graph.hpp"

#include <string>
#include <vector>

namespace flow {

/// A place where the result of a topology may depend on more than its rows: lateness, idle inputs,
/// floating-point sums.
struct Caveat {
  std::string node;
  SourcePlace place;
  std::string text;
};

/// Everything that keeps the promise "same rows, same result" from holding without exception.
std::vector<Caveat> caveats(const ValidatedGraph& graph);

}  // namespace flow
