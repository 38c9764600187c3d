#include "blind_checks.hpp"
#include "cycles.hpp"

#include "flow/base/nearest.hpp"
#include "flow/connector/dead_letter.hpp"
#include "flow/graph/logical_graph.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <unordered_map>
#include <utility>

namespace flow {
namespace {

/// Where a readable name leads: a node and one of its ports.
struct Readable {
  std::size_t node = 0;
  std::uint32_t port = 0;
};

constexpr std::size_t kMaxNodes = 10'000;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

/// Resolves names, orders the nodes, derives shapes; collects every error on the way.
class Validator {
 public:
  explicit Validator(LogicalGraph graph) {
    valid_.graph = std::move(graph);
    route_dead_letters();
    valid_.resolved.resize(nodes().size());
    broken_.resize(nodes().size(), false);
    time_unknown_.resize(nodes().size(), false);
    derived_.resize(nodes().size(), false);
  }

  Validation run() {
    if (nodes().size() > kMaxNodes) {
      fail(Error{Errc::too_complex, "topology has " + std::to_string(nodes().size()) +
                                        " nodes, at most " + std::to_string(kMaxNodes) +
                                        " are possible"});
      return finish();
    }
    collect_names();
    resolve_inputs();
    order_nodes();
    derive_shapes();
    check_blindly();
    check_outputs();
    check_claims();
    return finish();
  }

 private:
  const std::vector<LogicalNode>& nodes() const { return valid_.graph.nodes; }
  void fail(Error error) { errors_.push_back(std::move(error)); }

  Validation finish() {
    Validation result;
    std::stable_sort(errors_.begin(), errors_.end(), [](const Error& a, const Error& b) {
      return std::tie(a.where().file, a.where().line, a.where().column) <
             std::tie(b.where().file, b.where().line, b.where().column);
    });
    result.warnings = std::move(warnings_);
    const bool broken = std::find(broken_.begin(), broken_.end(), true) != broken_.end();
    if (errors_.empty() && !broken && !has_stand_in_) result.graph = std::move(valid_);
    result.errors = std::move(errors_);
    return result;
  }

  /// Turns the sink of dead letters into a sink like any other.
  void route_dead_letters() {
    std::vector<InputRef> inputs;
    auto& sink = valid_.graph.dead_letters;
    for (auto& node : valid_.graph.nodes) {
      const auto* source = std::get_if<SourceNode>(&node.what);
      if (source == nullptr || source->on_error != OnError::dead_letter) continue;
      if (!sink) {
        fail(Error{Errc::missing_key,
                   "'" + node.name + "' sends bad rows to dead letters, which go nowhere"}
                 .with_remedy(
                     "add `dead_letters: {connector: file, path: out/dead, format: ndjson}`")
                 .at(node.place));
        continue;
      }
      const auto name = dead_letters_of(node.name);
      node.side_outputs[kDeadLetterPort] = name;
      inputs.push_back({name, sink->place});
    }
    if (!sink) return;
    dead_letters_ = valid_.graph.nodes.size();
    if (inputs.empty()) {
      warnings_.push_back(Error{Errc::nothing_to_do, "no source sends rows to 'dead_letters'"}
                              .with_remedy("set `on_error: dead_letter` on a source")
                              .at(sink->place));
      if (const auto* made = std::get_if<SinkNode>(&sink->what)) make_sink(*sink, *made, letters());
      sink.reset();
    } else {
      // Rare rows: one subtask, one file.
      sink->inputs = std::move(inputs);
      sink->parallelism = 1;
      valid_.graph.nodes.push_back(*std::exchange(sink, std::nullopt));
    }
  }

  static StreamShape letters() {
    StreamShape shape;
    shape.schema = dead_letter_schema();
    return shape;
  }

  void add_name(const std::string& name, const SourcePlace& place,
                std::optional<Readable> readable) {
    if (!is_name(name)) {
      fail(Error{Errc::bad_name, "'" + name + "' is not a valid name"}
               .with_remedy("use letters, digits and underscores, beginning with a letter")
               .at(place));
    }
    const auto [at, is_new] = places_.try_emplace(name, place);
    if (!is_new) {
      fail(
          Error{Errc::duplicate_name, "name '" + name + "' is used twice"}
              .with_note("first used at " + at->second.file + ":" + std::to_string(at->second.line))
              .at(place));
      return;
    }
    if (readable) readable_.emplace(name, *readable);
  }

  void collect_names() {
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      const auto& node = nodes()[i];
      const bool is_sink = std::holds_alternative<SinkNode>(node.what);
      add_name(node.name, node.place, is_sink ? std::nullopt : std::optional<Readable>{{i, 0}});
      for (const auto& [port, name] : node.side_outputs)
        add_name(name, node.place, Readable{i, port});
    }
  }

  void resolve_inputs() {
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      const auto& node = nodes()[i];
      check_input_count(i);
      for (const auto& input : node.inputs) {
        if (const auto found = readable_.find(input.name); found != readable_.end()) {
          valid_.resolved[i].inputs.push_back({found->second.node, found->second.port});
          continue;
        }
        broken_[i] = true;
        if (places_.contains(input.name)) {
          fail(Error{Errc::unknown_input,
                     "'" + node.name + "' reads '" + input.name + "', which is a sink"}
                   .with_remedy("read from the node that feeds the sink")
                   .at(input.place));
          continue;
        }
        std::vector<std::string> names;
        for (const auto& [name, _] : readable_) names.push_back(name);
        std::sort(names.begin(), names.end());
        fail(Error{Errc::unknown_input, "no node '" + input.name + "'"}
                 .with_note(choices_note("nodes", input.name, names))
                 .at(input.place));
      }
    }
  }

  void check_input_count(std::size_t index) {
    const auto& node = nodes()[index];
    if (std::holds_alternative<BrokenNode>(node.what)) return;
    const auto count = node.inputs.size();
    const auto* op = std::get_if<OperatorNode>(&node.what);
    const bool any =
        (op != nullptr && std::holds_alternative<UnionSpec>(op->spec)) || index == dead_letters_;
    const std::size_t expected = std::holds_alternative<SourceNode>(node.what) ? 0 : 1;
    if (any ? count >= 1 : count == expected) return;
    broken_[index] = true;
    fail(Error{Errc::wrong_inputs, "'" + node.name + "' has " + std::to_string(count) +
                                       " inputs, expected " +
                                       (any ? "at least 1" : std::to_string(expected))}
             .at(node.place));
  }

  /// Kahn's algorithm in declaration order; what is left over is a cycle.
  void order_nodes() {
    std::vector<std::size_t> waiting(nodes().size(), 0);
    std::vector<std::vector<std::size_t>> readers(nodes().size());
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      for (const auto& input : valid_.resolved[i].inputs) {
        ++waiting[i];
        readers[input.node].push_back(i);
      }
    }
    std::set<std::size_t> ready;
    for (std::size_t i = 0; i < nodes().size(); ++i)
      if (waiting[i] == 0) ready.insert(i);
    while (!ready.empty()) {
      const auto i = *ready.begin();
      ready.erase(ready.begin());
      valid_.order.push_back(i);
      for (const auto reader : readers[i])
        if (--waiting[reader] == 0) ready.insert(reader);
    }
    if (valid_.order.size() == nodes().size()) return;
    report_cycles();
  }

  void report_cycles() {
    std::vector<bool> ordered(nodes().size(), false);
    for (const auto i : valid_.order) ordered[i] = true;
    std::vector<std::size_t> left;
    std::vector<std::vector<std::size_t>> inputs(nodes().size());
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      if (ordered[i]) continue;
      left.push_back(i);
      broken_[i] = true;
      for (const auto& input : valid_.resolved[i].inputs) inputs[i].push_back(input.node);
    }
    for (const auto& cycle : find_cycles(left, inputs)) {
      std::string text;
      for (const auto i : cycle) text += nodes()[i].name + " → ";
      fail(Error{Errc::cycle, "nodes form a cycle: " + text + nodes()[cycle.front()].name}
               .with_remedy("a node cannot read what it produces; remove one of these inputs")
               .at(nodes()[cycle.front()].place));
    }
  }

  void derive_shapes() {
    for (const auto i : valid_.order) {
      auto& resolved = valid_.resolved[i];
      std::vector<StreamShape> inputs;
      for (const auto& input : resolved.inputs) {
        // A side output that the spec does not have was reported at its node.
        const auto& ports = valid_.resolved[input.node].ports;
        if (broken_[input.node] || input.port >= ports.size()) broken_[i] = true;
        if (!broken_[i]) inputs.push_back(ports[input.port]);
        if (time_unknown_[input.node]) time_unknown_[i] = true;
      }
      if (broken_[i]) continue;
      derived_[i] = true;
      std::visit([&](const auto& what) { derive(i, what, inputs); }, nodes()[i].what);
    }
  }

  void derive(std::size_t index, const BrokenNode&, const std::vector<StreamShape>& /*inputs*/) {
    broken_[index] = true;
  }

  void derive(std::size_t index, const SourceNode& source,
              const std::vector<StreamShape>& /*inputs*/) {
    has_stand_in_ = has_stand_in_ || source.stand_in;
    time_unknown_[index] = source.time_unknown;
    StreamShape shape;
    shape.schema = source.source->schema();
    shape.time_column = source.time_column;
    shape.has_watermark = source.watermark.has_value();
    auto& ports = valid_.resolved[index].ports;
    ports = {std::move(shape)};
    if (nodes()[index].side_outputs.contains(kDeadLetterPort)) ports.push_back(letters());
    nodes()[index].name_ports(ports);
  }

  void derive(std::size_t index, const OperatorNode& op, const std::vector<StreamShape>& inputs) {
    auto shape = shape_of(op.spec, inputs, nodes()[index].place);
    for (auto& error : shape.errors) {
      broken_[index] = true;
      if (!time_unknown_[index] || !is_about_time(error.code())) fail(std::move(error));
    }
    // What they give is what they take, whatever is wrong with them.
    if (broken_[index] && keeps_shape(op.spec)) {
      shape.ports = {inputs.front()};
      broken_[index] = false;
      has_stand_in_ = true;
    }
    for (const auto& [port, name] : nodes()[index].side_outputs) {
      if (broken_[index] || port < shape.ports.size()) continue;
      broken_[index] = true;
      fail(Error{Errc::unknown_key,
                 "'" + nodes()[index].name + "' has no side output for '" + name + "'"}
               .at(nodes()[index].place));
    }
    valid_.resolved[index].ports = std::move(shape.ports);
    nodes()[index].name_ports(valid_.resolved[index].ports);
  }

  void derive(std::size_t index, const SinkNode& node, const std::vector<StreamShape>& inputs) {
    valid_.resolved[index].sink = make_sink(nodes()[index], node, inputs[0]);
  }

  /// What can be said of nodes that nobody knows the input of.
  void check_blindly() {
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      if (!broken_[i] || derived_[i]) continue;
      if (const auto* sink = std::get_if<SinkNode>(&nodes()[i].what))
        options_fit(nodes()[i], *sink, make_schema({}), false);
      if (const auto* op = std::get_if<OperatorNode>(&nodes()[i].what); op != nullptr)
        for (auto& error : syntax_errors(op->spec)) fail(std::move(error));
    }
  }

  bool options_fit(const LogicalNode& node, const SinkNode& what, const SchemaPtr& schema,
                   bool changelog) {
    if (!what.check) return true;
    auto wrong = what.check(schema, changelog);
    for (auto& error : wrong) fail_sink(node, std::move(error));
    return wrong.empty();
  }
  void fail_sink(const LogicalNode& node, Error error) {
    if (error.where().line == 0) error = std::move(error).at(node.place);
    fail(std::move(error).with_context("sink '" + node.name + "'"));
  }

  /// Null if it cannot be made or does not take what comes.
  std::shared_ptr<const Sink> make_sink(const LogicalNode& node, const SinkNode& what,
                                        const StreamShape& input) {
    if (!options_fit(node, what, input.schema, input.changelog)) return nullptr;
    auto sink = what.make(input.schema, input.changelog);
    auto status = sink ? (*sink)->accept(*input.schema, input.changelog) : Status{sink.error()};
    if (status) return *std::move(sink);
    fail_sink(node, std::move(status).error());
    return nullptr;
  }

  void check_outputs() {
    bool has_sink = false;
    for (std::size_t i = 0; i < nodes().size(); ++i)
      has_sink |= i != dead_letters_ && (std::holds_alternative<SinkNode>(nodes()[i].what) ||
                                         std::holds_alternative<BrokenNode>(nodes()[i].what));
    if (!has_sink) {
      fail(Error{Errc::nothing_to_do, "topology has no sink"}.with_remedy(
          "add one under `sinks:`; `connector: print` shows rows, `connector: blackhole` drops "
          "them"));
    }
    std::vector<bool> read(nodes().size(), false);
    for (const auto& resolved : valid_.resolved)
      for (const auto& input : resolved.inputs)
        if (input.port == 0 || !std::holds_alternative<SourceNode>(nodes()[input.node].what))
          read[input.node] = true;
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      if (read[i] || broken_[i] || std::holds_alternative<SinkNode>(nodes()[i].what)) continue;
      warnings_.push_back(Error{Errc::nothing_to_do, "nobody reads '" + nodes()[i].name + "'"}.at(
          nodes()[i].place));
    }
  }

  /// Two sinks that write to the same place would take away each other's rows.
  void check_claims() {
    std::unordered_map<std::string, std::size_t> owners;
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      const auto& sink = valid_.resolved[i].sink;
      const auto claim = sink != nullptr ? sink->claim() : std::string{};
      if (claim.empty()) continue;
      const auto [owner, is_new] = owners.try_emplace(claim, i);
      if (is_new) continue;
      const auto& first = nodes()[owner->second];
      fail(Error{Errc::same_output,
                 "'" + first.name + "' and '" + nodes()[i].name + "' write to the same place"}
               .with_cause("both write " + claim)
               .with_note("'" + first.name + "' is at " + first.place.file + ":" +
                          std::to_string(first.place.line))
               .with_remedy("give each sink a path of its own")
               .at(nodes()[i].place));
    }
  }

  ValidatedGraph valid_;
  std::optional<std::size_t> dead_letters_;  ///< The node that all dead letters end in.
  std::vector<bool>
      broken_;  ///< Nodes whose shape cannot be known; what reads them reports nothing more.
  std::vector<bool> derived_;       ///< Nodes that were looked at with all their inputs known.
  std::vector<bool> time_unknown_;  ///< Nodes behind a source whose event time is not known.
  bool has_stand_in_ = false;       ///< A node with mistakes gave its columns all the same.
  std::unordered_map<std::string, SourcePlace> places_;
  std::unordered_map<std::string, Readable> readable_;
  std::vector<Error> errors_;
  std::vector<Error> warnings_;
};

}  // namespace

void LogicalNode::name_ports(std::vector<StreamShape>& ports) const {
  for (std::uint32_t port = 0; port < ports.size(); ++port) {
    const auto side = side_outputs.find(port);
    ports[port].name = side == side_outputs.end() ? name : side->second;
  }
}

Validation validate(LogicalGraph graph) { return Validator{std::move(graph)}.run(); }

}  // namespace flow
