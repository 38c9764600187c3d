#pragma once

#include "flow/operators/chain.hpp"

#include <string>
#include <vector>

namespace flow {

/// Says what is wrong with the form of a chain; empty if nothing: links in topological order, every
/// input of every operator fed exactly once, from inside or by an entry.
std::string fault_in_chain(const std::vector<ChainLink>& links,
                           const std::vector<ChainEntry>& entries, std::size_t contexts);

}  // namespace flow
