#include "flow/config/topology.hpp"

#include "node_reader.hpp"
#include "step_reader.hpp"

#include <set>
#include <tuple>

namespace flow {
namespace {

std::string stem_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.find('.'));
}

/// Joins the files of one job into a topology.
class TopologyReader {
 public:
  TopologyReader(const ConnectorRegistry& connectors, const Variables& variables, FileSystem& files)
      : connectors_{connectors}, variables_{variables}, files_{files} {}

  LoadedTopology read(const std::vector<ConfigText>& texts) {
    for (const auto& text : texts) read_file(text);
    if (job().empty() && !texts.empty()) job() = stem_of(texts.front().path);
    drop_repeated();
    return {std::move(topology_), std::move(errors_)};
  }

 private:
  std::string& job() { return topology_.graph.job; }

  void read_file(const ConfigText& text) {
    const auto root = parse_yaml(text, variables_, files_, errors_);
    if (root.kind == ConfigNode::Kind::null) {
      if (errors_.empty())
        errors_.push_back(
            Error{Errc::missing_key, "'" + text.path + "' is empty"}.at({text.path, 0, 0, 0}));
      return;
    }
    Fields fields{root, "the topology", errors_};
    if (!root.is_map()) return add_unset(root);
    once("job", fields, [&](const ConfigNode& node) {
      if (expect_scalar(node, "job", "a name", errors_)) job() = node.text;
    });
    once("parallelism", fields, [&](const ConfigNode&) {
      if (const auto value = fields.integer("parallelism", 1, kMaxKeyGroups))
        topology_.parallelism = static_cast<std::uint32_t>(*value);
    });
    once("key_groups", fields, [&](const ConfigNode&) {
      if (const auto value = fields.integer("key_groups", 1, kMaxKeyGroups))
        topology_.key_groups = static_cast<std::uint32_t>(*value);
    });
    once("linger", fields,
         [&](const ConfigNode&) { topology_.linger = fields.duration("linger"); });
    once("checkpoints", fields, [&](const ConfigNode& node) { read_checkpoints(node); });
    once("restart", fields, [&](const ConfigNode& node) { read_restart(node); });
    once("dead_letters", fields, [&](const ConfigNode& node) {
      topology_.graph.dead_letters = read_dead_letters(node, connectors_, errors_);
    });
    section("sources", fields, [&](const ConfigNode::Entry& entry) {
      return read_source(entry, connectors_, errors_);
    });
    section("steps", fields,
            [&](const ConfigNode::Entry& entry) { return read_step(entry, errors_); });
    section("sinks", fields,
            [&](const ConfigNode::Entry& entry) { return read_sink(entry, connectors_, errors_); });
    fields.finish();
    add_unset(root);
  }

  /// Variables that are not set, also in values that nobody read.
  void add_unset(const ConfigNode& node) {
    errors_.insert(errors_.end(), node.unset.begin(), node.unset.end());
    for (const auto& item : node.items) add_unset(item);
    for (const auto& entry : node.entries) add_unset(entry.value);
  }

  /// A variable that is not set is one mistake at each place, however often its value is looked at.
  void drop_repeated() {
    std::set<std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>> said;
    std::erase_if(errors_, [&](const Error& error) {
      const auto& at = error.where();
      return error.code() == Errc::undefined_variable &&
             !said.emplace(at.file, at.line, at.column, error.message()).second;
    });
  }

  /// A key that may stand in one file only.
  template <class Read>
  void once(const std::string& key, Fields& fields, Read&& read) {
    const auto* node = fields.take(key);
    if (node == nullptr) return;
    const auto [first, is_new] = seen_.try_emplace(key, node->place);
    if (!is_new) {
      errors_.push_back(Error{Errc::duplicate_name, "'" + key + "' is given twice"}
                            .with_note("first in " + first->second.file + ":" +
                                       std::to_string(first->second.line))
                            .at(node->place));
      return;
    }
    read(*node);
  }

  template <class Read>
  void section(const std::string& key, Fields& fields, Read&& read) {
    const auto* node = fields.take(key);
    if (node == nullptr || node->kind == ConfigNode::Kind::null) return;
    if (!node->is_map()) {
      errors_.push_back(wrong_kind(*node, key, "a mapping of names to nodes"));
      return;
    }
    for (const auto& entry : node->entries) topology_.graph.nodes.push_back(read(entry));
  }

  void read_checkpoints(const ConfigNode& node) {
    Fields fields{node, "'checkpoints'", errors_};
    if (!node.is_map()) return;
    auto& spec = topology_.checkpoints;
    fields.require("directory", "say where snapshots are kept: `directory: state/`");
    spec.directory = fields.text("directory").value_or("");
    positive(fields, "interval", spec.interval);
    positive(fields, "timeout", spec.timeout);
    if (const auto pause = fields.duration("min_pause")) spec.min_pause = *pause;
    if (const auto retained = fields.integer("retained", 1, 1000))
      spec.retained = static_cast<std::uint32_t>(*retained);
    fields.choice("mode", {"exactly_once"});
    fields.finish();
  }

  void read_restart(const ConfigNode& node) {
    Fields fields{node, "'restart'", errors_};
    if (!node.is_map()) return;
    auto& spec = topology_.restart;
    const auto policy =
        fields.choice("policy", {"none", "fixed", "exponential"}).value_or("exponential");
    spec.policy = policy == "none"    ? RestartSpec::Policy::none
                  : policy == "fixed" ? RestartSpec::Policy::fixed
                                      : RestartSpec::Policy::exponential;
    positive(fields, "initial", spec.initial);
    positive(fields, "max", spec.max);
    positive(fields, "reset_after", spec.reset_after);
    if (const auto attempts = fields.integer("attempts", 0, 1'000'000))
      spec.attempts = static_cast<std::uint32_t>(*attempts);
    fields.finish();
  }

  void positive(Fields& fields, std::string_view key, Micros& target) {
    const auto value = fields.duration(key);
    if (!value) return;
    if (*value > Micros{0}) {
      target = *value;
      return;
    }
    fields.fail(Error{Errc::bad_value, "'" + std::string{key} + "' must be above zero"}.at(
        fields.take(key)->place));
  }

  const ConnectorRegistry& connectors_;
  const Variables& variables_;
  FileSystem& files_;
  Topology topology_;
  std::map<std::string, SourcePlace> seen_;
  std::vector<Error> errors_;
};

}  // namespace

LoadedTopology load_topology(const std::vector<ConfigText>& texts,
                             const ConnectorRegistry& connectors, const Variables& variables,
                             FileSystem& files) {
  return TopologyReader{connectors, variables, files}.read(texts);
}

}  // namespace flow
