#include "chain_check.hpp"

#include <cstdint>
#include <set>

namespace flow {

std::string fault_in_chain(const std::vector<ChainLink>& links,
                           const std::vector<ChainEntry>& entries, std::size_t contexts) {
  if (links.empty()) return "it has no operator";
  if (contexts != links.size()) return "not one context per operator";

  std::set<std::string> names;
  std::vector<std::vector<std::uint32_t>> feeders;
  for (const auto& link : links) {
    if (!link.op) return "'" + link.name + "' has no operator";
    if (link.inputs == 0) return "'" + link.name + "' has no input";
    if (!names.insert(link.name).second) return "the name '" + link.name + "' is used twice";
    feeders.emplace_back(link.inputs);
  }
  const auto feed = [&](std::uint32_t op, std::uint32_t input) {
    if (op >= links.size() || input >= links[op].inputs) return false;
    ++feeders[op][input];
    return true;
  };
  for (const auto& entry : entries)
    if (!feed(entry.op, entry.input)) return "an entry leads nowhere";
  for (std::size_t i = 0; i < links.size(); ++i)
    for (const auto& port : links[i].ports)
      for (const auto& target : port)
        if (target.inside && (target.index <= i || !feed(target.index, target.input)))
          return "a port of '" + links[i].name + "' leads nowhere, or backwards";
  for (std::size_t i = 0; i < links.size(); ++i)
    for (const auto count : feeders[i])
      if (count != 1) return "an input of '" + links[i].name + "' is not fed exactly once";
  return {};
}

}  // namespace flow
