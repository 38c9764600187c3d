#pragma once

#include <cstddef>
#include <vector>

namespace flow {

/// The cycles among `nodes`, which are ascending; `inputs[i]` are the nodes that node i reads. Each
/// is given as its nodes in the direction of the rows, from its first node on. Cycles that share a
/// node with one found before are left out, so that every cycle named is one to break.
std::vector<std::vector<std::size_t>> find_cycles(
    const std::vector<std::size_t>& nodes, const std::vector<std::vector<std::size_t>>& inputs);

}  // namespace flow
