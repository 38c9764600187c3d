#pragma once

#include "flow/actors/protocol.hpp"
#include "flow/graph/execution_plan.hpp"

#include <cstdint>
#include <vector>

namespace flow::actors {

/// One channel as its receiver knows it.
struct InputChannel {
  std::uint32_t entry = 0;  ///< Which input edge of the chain: index into WiredSubtask::entries.
  SubtaskNumber from;
  std::uint32_t from_channel = 0;  ///< The sender's number of it: where credit goes.
};
/// One channel as its sender knows it.
struct OutputChannel {
  SubtaskNumber to;
  std::uint32_t to_channel = 0;  ///< The receiver's number of it: what frames carry.
};
/// An edge of the plan that enters a chain.
struct InputEdge {
  std::uint32_t edge = 0;      ///< Into ExecutionPlan::edges.
  std::uint32_t channels = 0;  ///< How many of this subtask's channels belong to it.
  std::uint32_t first_channel = 0;
};
/// An edge of the plan that leaves a chain: its channels, by receiving subtask.
struct OutputEdge {
  std::uint32_t edge = 0;
  std::vector<std::uint32_t> channels;
};

/// One subtask and its neighbours. Channel numbers are local to each end.
struct WiredSubtask {
  SubtaskNumber id;
  std::uint32_t chain = 0;
  SubtaskIndex index;
  std::vector<InputEdge> entries;
  std::vector<InputChannel> inputs;
  std::vector<OutputEdge> edges;
  std::vector<OutputChannel> outputs;
};

/// Who is connected to whom: a pure function of the plan.
///
/// Thread: value.
struct Wiring {
  std::vector<WiredSubtask> subtasks;   ///< By SubtaskNumber.
  std::vector<std::uint32_t> first_of;  ///< First subtask of each chain, and the total at the end.
};
Wiring wire(const ExecutionPlan& plan);

}  // namespace flow::actors
