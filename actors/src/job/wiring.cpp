#include "job/wiring.hpp"

#include "flow/base/check.hpp"

#include <string>

namespace flow::actors {
namespace {

void connect(WiredSubtask& sender, OutputEdge& out, WiredSubtask& receiver, InputEdge& in,
             std::uint32_t entry) {
  const auto sender_channel = static_cast<std::uint32_t>(sender.outputs.size());
  const auto receiver_channel = static_cast<std::uint32_t>(receiver.inputs.size());
  out.channels.push_back(sender_channel);
  sender.outputs.push_back({receiver.id, receiver_channel});
  receiver.inputs.push_back({entry, sender.id, sender_channel});
  ++in.channels;
}

}  // namespace

Wiring wire(const ExecutionPlan& plan) {
  Wiring wiring;
  std::uint32_t next = 0;
  for (std::uint32_t chain = 0; chain < plan.chains.size(); ++chain) {
    wiring.first_of.push_back(next);
    for (std::uint32_t i = 0; i < plan.chains[chain].parallelism; ++i) {
      auto& subtask = wiring.subtasks.emplace_back();
      subtask.id = {next++};
      subtask.chain = chain;
      subtask.index = {i};
    }
  }
  wiring.first_of.push_back(next);

  for (std::uint32_t e = 0; e < plan.edges.size(); ++e) {
    const auto& edge = plan.edges[e];
    FLOW_CHECK(edge.from_chain < plan.chains.size() && edge.to_chain < plan.chains.size());
    const auto senders = plan.chains[edge.from_chain].parallelism;
    const auto receivers = plan.chains[edge.to_chain].parallelism;
    FLOW_CHECK(edge.exchange != Exchange::forward || senders == receivers,
               "forward edge between different parallelisms");
    for (std::uint32_t s = 0; s < senders; ++s)
      wiring.subtasks[wiring.first_of[edge.from_chain] + s].edges.push_back({e, {}});
    for (std::uint32_t r = 0; r < receivers; ++r) {
      auto& receiver = wiring.subtasks[wiring.first_of[edge.to_chain] + r];
      const auto entry = static_cast<std::uint32_t>(receiver.entries.size());
      receiver.entries.push_back({e, 0, static_cast<std::uint32_t>(receiver.inputs.size())});
      for (std::uint32_t s = 0; s < senders; ++s) {
        if (edge.exchange == Exchange::forward && s != r) continue;
        auto& sender = wiring.subtasks[wiring.first_of[edge.from_chain] + s];
        connect(sender, sender.edges.back(), receiver, receiver.entries[entry], entry);
      }
    }
  }
  return wiring;
}

}  // namespace flow::actors
