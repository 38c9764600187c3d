#include "flow/api/environment.hpp"

#include "draft.hpp"

#include "flow/graph/connect.hpp"

#include <algorithm>
#include <thread>

namespace flow {
namespace {

Options options_of(const Connector& connector, const SourcePlace& place) {
  Options options{{}, place};
  for (const auto& [name, value] : connector.options())
    options.set(name, OptionValue{value, false, {}, place});
  return options;
}

/// Turns one draft node into a node of the graph; what cannot be made becomes a BrokenNode.
class NodeMaker {
 public:
  using Made = std::variant<BrokenNode, SourceNode, OperatorNode, SinkNode>;
  NodeMaker(const api::DraftNode& draft, const ConnectorRegistry& registry,
            std::vector<Error>& errors)
      : draft_{draft}, registry_{registry}, errors_{errors} {}

  Made operator()(const api::DraftSource& draft) {
    const auto errors_before = errors_.size();
    SourceNode node;
    node.on_error = draft.on_error;
    if (const auto* made = std::get_if<std::shared_ptr<const Source>>(&draft.from)) {
      node.source = *made;
      node.connector = "source";
    } else {
      connect(draft, std::get<Connector>(draft.from), node);
    }
    if (node.source == nullptr) return BrokenNode{};
    node.stand_in = errors_.size() != errors_before;
    if (!draft.watermark) return node;
    if (!check_event_time(*node.source->schema(), draft.watermark->time_column, draft_.name,
                          draft_.place, errors_)) {
      guess_time(node);
      node.stand_in = true;
      return node;
    }
    node.time_column = draft.watermark->time_column;
    node.watermark = draft.watermark;
    return node;
  }

  Made operator()(const OperatorSpec& spec) { return OperatorNode{spec}; }

  Made operator()(const api::DraftSink& draft) {
    if (const auto* made = std::get_if<std::shared_ptr<const Sink>>(&draft.to)) {
      return SinkNode{
          "sink", [sink = *made](const SchemaPtr&, bool) -> Result<std::shared_ptr<const Sink>> {
            return sink;
          }};
    }
    const auto& connector = std::get<Connector>(draft.to);
    const auto* entry =
        require_connector(registry_, connector.name(), Direction::sink, draft_.place, errors_);
    if (entry == nullptr) return BrokenNode{};
    return make_sink_node(*entry, draft_.name, options_of(connector, draft_.place));
  }

 private:
  /// Makes the connector; the node has no source if that failed.
  void connect(const api::DraftSource& draft, const Connector& connector, SourceNode& node) {
    const auto* entry =
        require_connector(registry_, connector.name(), Direction::source, draft_.place, errors_);
    if (entry == nullptr) return;
    SourceRequest request;
    request.node = draft_.name;
    request.on_error = draft.on_error;
    request.options = options_of(connector, draft_.place);
    if (!draft.fields.empty()) {
      request.schema = make_schema(draft.fields);
      request.text.resize(draft.fields.size());
    }
    node.connector = entry->name;
    node.source = make_source(*entry, std::move(request), draft_.place, errors_);
  }

  const api::DraftNode& draft_;
  const ConnectorRegistry& registry_;
  std::vector<Error>& errors_;
};

}  // namespace

Environment::Environment(std::string job) : draft_{std::make_shared<api::Draft>()} {
  draft_->job = std::move(job);
}

SourceStream Environment::add_source(std::string name, api::DraftSource source,
                                     std::source_location where) {
  draft_->nodes.push_back({std::move(name), api::place_of(where), std::move(source), {}, {}, {}});
  return SourceStream{draft_, draft_->nodes.size() - 1};
}

SourceStream Environment::from(std::string name, Connector source, std::source_location where) {
  return add_source(std::move(name), {std::move(source), {}, {}, OnError::fail}, where);
}

SourceStream Environment::from(std::string name, std::shared_ptr<const Source> source,
                               std::source_location where) {
  return add_source(std::move(name), {std::move(source), {}, {}, OnError::fail}, where);
}

Environment& Environment::send_dead_letters(api::DraftSink sink, std::source_location where) {
  draft_->dead_letters =
      api::DraftNode{"dead_letters", api::place_of(where), std::move(sink), {}, {}, {}};
  return *this;
}

Environment& Environment::dead_letters(Connector sink, std::source_location where) {
  return send_dead_letters({std::move(sink)}, where);
}

Environment& Environment::dead_letters(std::shared_ptr<const Sink> sink,
                                       std::source_location where) {
  return send_dead_letters({std::move(sink)}, where);
}

Environment& Environment::checkpoints(std::string directory, Micros interval) {
  draft_->options.checkpoints.directory = std::move(directory);
  draft_->options.checkpoints.interval = interval;
  return *this;
}

Environment& Environment::restart(RestartSpec restart) {
  draft_->options.restart = restart;
  return *this;
}

Environment& Environment::parallelism(std::uint32_t subtasks) {
  draft_->parallelism = subtasks;
  return *this;
}

PlanOptions Environment::options() const {
  auto options = draft_->options;
  options.parallelism =
      draft_->parallelism.value_or(std::max(1u, std::thread::hardware_concurrency()));
  return options;
}

LogicalGraph Environment::graph(const ConnectorRegistry& registry,
                                std::vector<Error>& errors) const {
  const auto make = [&](const api::DraftNode& draft) {
    LogicalNode node;
    node.name = draft.name;
    node.place = draft.place;
    node.side_outputs = draft.side_outputs;
    node.parallelism = draft.parallelism;
    for (const auto& input : draft.inputs) {
      const auto& from = draft_->nodes[input.node];
      node.inputs.push_back(
          {input.port == 0 ? from.name : from.side_outputs.at(input.port), draft.place});
    }
    node.what = std::visit(NodeMaker{draft, registry, errors}, draft.what);
    return node;
  };
  LogicalGraph graph;
  graph.job = draft_->job;
  for (const auto& draft : draft_->nodes) graph.nodes.push_back(make(draft));
  if (draft_->dead_letters) graph.dead_letters = make(*draft_->dead_letters);
  return graph;
}

}  // namespace flow
