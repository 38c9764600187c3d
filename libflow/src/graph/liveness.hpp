#pragma once

#include "flow/graph/logical_graph.hpp"

#include <vector>

namespace flow {

/// For each node, which columns of its port 0 anybody downstream needs: what a source must deliver.
/// Conservative: a column is left out only where no expression, key, window or sink can see it.
/// `needed[i][c]` refers to column c of node i's port 0. Thread: value.
std::vector<std::vector<bool>> needed_columns(const ValidatedGraph& graph);

}  // namespace flow
