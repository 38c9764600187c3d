#include "plan_json.hpp"

#include "flow/graph/logical_graph.hpp"

#include <string>

namespace flow {
namespace {

/// What a link does, in one line.
std::string describe(const PlannedLink& link) {
  struct Describe {
    const PlannedLink& link;
    std::string operator()(const PlannedSource& source) const {
      auto text = "source " + link.name + " (" + source.connector + ") " +
                  source.source->schema()->to_string();
      if (source.watermark)
        text += " watermark " + source.watermark->time_column + " − " +
                format_duration(source.watermark->delay);
      return text;
    }
    std::string operator()(const PlannedDeadLetters& letters) const {
      return "dead letters of " + letters.source;
    }
    std::string operator()(const PlannedOperator& op) const {
      auto text = std::string{verb_of(op.spec)} + " " + link.node;
      if (op.phase == Phase::local) text += " (local)";
      if (op.phase == Phase::global) text += " (global)";
      return text + " " +
             to_json(op.spec).dump(-1, ' ', false,
                                   nlohmann::ordered_json::error_handler_t::replace);
    }
    std::string operator()(const PlannedSink& sink) const {
      return "sink " + link.name + " (" + sink.connector +
             (sink.sink->exactly_once() ? ", exactly once)" : ")");
    }
  };
  return std::visit(Describe{link}, link.what);
}

std::string exchange_text(const PlannedEdge& edge) {
  if (edge.exchange == Exchange::forward) return "forward";
  if (edge.exchange == Exchange::rebalance) return "rebalance";
  std::string keys;
  for (const auto key : edge.key_columns)
    keys += (keys.empty() ? "" : ", ") + edge.schema->field(key).name;
  return "hash(" + keys + ")";
}

std::string dot_string(std::string_view text) {
  std::string result{"\""};
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::string to_text(const ExecutionPlan& plan) {
  auto text = "job " + plan.job + " · " + std::to_string(plan.chains.size()) + " chains · " +
              std::to_string(plan.key_groups) + " key groups\n";
  for (std::size_t c = 0; c < plan.chains.size(); ++c) {
    const auto& chain = plan.chains[c];
    text += "chain " + std::to_string(c) + " × " + std::to_string(chain.parallelism) + "\n";
    for (const auto& edge : plan.edges)
      if (edge.to_chain == c)
        text +=
            "  ⇐ chain " + std::to_string(edge.from_chain) + " by " + exchange_text(edge) + "\n";
    for (const auto& link : chain.links) text += "  " + describe(link) + "\n";
  }
  text += plan.checkpoints.directory.empty()
              ? "checkpoints off: output is committed at the end\n"
              : "checkpoints every " + format_duration(plan.checkpoints.interval) + " in " +
                    plan.checkpoints.directory + "\n";
  return text;
}

std::string to_dot(const ExecutionPlan& plan) {
  std::string text = "digraph " + dot_string(plan.job) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  const auto id = [](std::size_t chain, std::size_t link) {
    return "c" + std::to_string(chain) + "_" + std::to_string(link);
  };
  for (std::size_t c = 0; c < plan.chains.size(); ++c) {
    const auto& chain = plan.chains[c];
    text += "  subgraph cluster_" + std::to_string(c) +
            " {\n    label=" + dot_string("× " + std::to_string(chain.parallelism)) + ";\n";
    for (std::size_t l = 0; l < chain.links.size(); ++l)
      text += "    " + id(c, l) + " [label=" + dot_string(chain.links[l].name) + "];\n";
    text += "  }\n";
    for (std::size_t l = 0; l < chain.links.size(); ++l) {
      if (std::holds_alternative<PlannedDeadLetters>(chain.links[l].what))
        text += "    " + id(c, 0) + " -> " + id(c, l) + " [style=dotted];\n";
      for (const auto& port : chain.links[l].ports) {
        for (const auto& target : port) {
          text += "  " + id(c, l) + " -> ";
          if (target.inside) {
            text += id(c, target.index) + ";\n";
            continue;
          }
          const auto& edge = plan.edges[target.index];
          text += id(edge.to_chain, edge.to_link) + " [label=" + dot_string(exchange_text(edge)) +
                  "];\n";
        }
      }
    }
  }
  return text + "}\n";
}

}  // namespace flow
