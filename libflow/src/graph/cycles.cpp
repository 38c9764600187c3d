#include "cycles.hpp"

#include <deque>

namespace flow {
namespace {

constexpr auto kNone = static_cast<std::size_t>(-1);

/// The shortest way from `start` back to itself over nodes that are `open`; empty if there is none.
std::vector<std::size_t> cycle_through(std::size_t start, const std::vector<bool>& open,
                                       const std::vector<std::vector<std::size_t>>& inputs) {
  std::vector<std::size_t> reader(open.size(), kNone);  // whom a node was reached from
  std::deque<std::size_t> waiting{start};
  while (!waiting.empty()) {
    const auto at = waiting.front();
    waiting.pop_front();
    for (const auto input : inputs[at]) {
      if (!open[input] || reader[input] != kNone) continue;
      reader[input] = at;
      if (input != start) {
        waiting.push_back(input);
        continue;
      }
      std::vector<std::size_t> cycle{start};
      for (auto next = reader[start]; next != start; next = reader[next]) cycle.push_back(next);
      // Rows of `start` are read by whoever reached it, and so on back to `start`.
      return cycle;
    }
  }
  return {};
}

}  // namespace

std::vector<std::vector<std::size_t>> find_cycles(
    const std::vector<std::size_t>& nodes, const std::vector<std::vector<std::size_t>>& inputs) {
  std::vector<bool> open(inputs.size(), false);
  for (const auto node : nodes) open[node] = true;
  std::vector<std::vector<std::size_t>> cycles;
  for (const auto node : nodes) {
    if (!open[node]) continue;
    auto cycle = cycle_through(node, open, inputs);
    for (const auto member : cycle) open[member] = false;
    open[node] = false;  // whatever cycle it is in has been named, or there is none
    if (!cycle.empty()) cycles.push_back(std::move(cycle));
  }
  return cycles;
}

}  // namespace flow
