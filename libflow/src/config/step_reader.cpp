#include "step_reader.hpp"

#include "column_name.hpp"

#include "flow/base/nearest.hpp"
#include "flow/expr/aggregate_call.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace flow {
namespace {

constexpr std::array<std::string_view, 8> kVerbs{"select", "with",  "drop",      "rename",
                                                 "filter", "union", "aggregate", "top"};
/// Verbs of the language that this version does not have: a better answer than "unknown key".
constexpr std::array<std::string_view, 7> kLaterVerbs{"unnest", "join", "deduplicate", "process",
                                                      "async",  "sql",  "pattern"};

/// Whether a word, or one of a list, needs a variable that is not set.
bool has_unset(const ConfigNode* node) {
  return node != nullptr &&
         (!node->unset.empty() || std::any_of(node->items.begin(), node->items.end(),
                                              [](const auto& item) { return has_unset(&item); }));
}

ExpressionText expression_of(const ConfigNode& node) { return {node.text, node.place, node.marks}; }

/// Reads one step; verbs are methods.
class StepReader {
 public:
  StepReader(const ConfigNode::Entry& entry, std::vector<Error>& errors)
      : errors_{errors}, fields_{entry.value, "step '" + entry.key + "'", errors} {
    node_.name = entry.key;
    node_.place = entry.place;
  }

  LogicalNode read(const ConfigNode& map) {
    if (!map.is_map()) return std::move(node_);
    for (const auto& [name, place] : fields_.words("from")) node_.inputs.push_back({name, place});
    if (const auto value = fields_.integer("parallelism", 1, kMaxKeyGroups))
      node_.parallelism = static_cast<std::uint32_t>(*value);
    const auto verb = the_verb(map);
    const auto errors_before_verb = errors_.size();
    if (verb) read_verb(*verb);
    const bool verb_is_wrong = errors_.size() != errors_before_verb;
    const auto errors_before_rest = errors_.size();
    fields_.finish();
    // `key_bi` of an aggregation may be the key that its columns depend on.
    const bool shape_is_unknown =
        !verb || verb_is_wrong || (verb == "aggregate" && errors_.size() != errors_before_rest);
    if (node_.inputs.empty() && !has_unset(fields_.take("from")) &&
        !has_unset(fields_.take("union"))) {
      fields_.fail(Error{Errc::missing_key, fields_.what() + " has no 'from'"}
                       .with_remedy("name the source or step it reads: `from: …`")
                       .at(node_.place));
    }
    if (shape_is_unknown || node_.inputs.empty()) node_.what = BrokenNode{};
    return std::move(node_);
  }

 private:
  std::optional<std::string_view> the_verb(const ConfigNode& map) {
    std::vector<std::string_view> found;
    for (const auto verb : kVerbs)
      if (map.find(verb) != nullptr) found.push_back(verb);
    for (const auto verb : kLaterVerbs) {
      if (const auto* value = map.find(verb)) {
        fields_.take(verb);
        fields_.fail(Error{Errc::wrong_verb_count,
                           "'" + std::string{verb} + "' is not available in this version"}
                         .at(value->place));
        return std::nullopt;
      }
    }
    if (found.size() == 1) return found.front();
    std::string list;
    for (const auto verb :
         found.empty() ? std::vector<std::string_view>{kVerbs.begin(), kVerbs.end()} : found)
      list += (list.empty() ? "" : ", ") + std::string{verb};
    fields_.fail(
        Error{Errc::wrong_verb_count,
              fields_.what() + (found.empty() ? " has no verb" : " has several verbs: " + list)}
            .with_note(found.empty() ? "verbs: " + list : "a step does one thing")
            .with_remedy(found.empty() ? "" : "split it into steps that read from each other")
            .at(node_.place));
    for (const auto verb : kVerbs) fields_.take(verb);
    for (const auto* key : {"key_by", "window", "lateness"}) fields_.take(key);
    if (const auto late = fields_.text("late_rows")) node_.side_outputs.emplace(1, *late);
    return std::nullopt;
  }

  void read_verb(std::string_view verb) {
    if (verb == "filter") return filter();
    if (verb == "select") return project("select", false);
    if (verb == "with") return project("with", true);
    if (verb == "drop") return drop();
    if (verb == "rename") return rename();
    if (verb == "union") return unite();
    if (verb == "aggregate") return aggregate();
    top();
  }

  void done(OperatorSpec spec) { node_.what = OperatorNode{std::move(spec)}; }

  void filter() {
    const auto* condition = fields_.take("filter");
    if (expect_scalar(*condition, "filter", "an expression", errors_))
      done(FilterSpec{expression_of(*condition)});
  }

  std::vector<NamedExpression> named_expressions(const ConfigNode& node, std::string_view key) {
    std::vector<NamedExpression> result;
    if (!node.is_map()) {
      errors_.push_back(wrong_kind(node, key, "a mapping of names to expressions"));
      return result;
    }
    for (const auto& entry : node.entries) {
      // `{x: power(10, n)}` is two entries to YAML: the second is a key without value.
      if (entry.value.kind == ConfigNode::Kind::null && entry.key.ends_with(')')) {
        errors_.push_back(wrong_kind(entry.value, entry.key, "an expression")
                              .with_remedy("quote expressions that hold a comma"));
        continue;
      }
      if (expect_scalar(entry.value, entry.key, "an expression", errors_))
        result.push_back({entry.key, expression_of(entry.value)});
    }
    if (node.entries.empty())
      errors_.push_back(
          Error{Errc::bad_value, "'" + std::string{key} + "' is empty"}.at(node.place));
    return result;
  }

  void project(std::string_view verb, bool keep_input) {
    const auto* columns = fields_.take(verb);
    // `select: [a, b]` is the short form of `select: {a: a, b: b}`.
    if (!keep_input && columns->is_list()) {
      ProjectSpec spec;
      for (const auto& [name, place] : fields_.words(verb))
        spec.columns.push_back({column_name(name).value_or(name), {name, place}});
      return done(std::move(spec));
    }
    done(ProjectSpec{named_expressions(*columns, verb), keep_input});
  }

  void drop() {
    DropSpec spec;
    for (const auto& [name, place] : fields_.words("drop")) spec.columns.push_back(name);
    done(std::move(spec));
  }

  void rename() {
    const auto* names = fields_.take("rename");
    RenameSpec spec;
    if (!names->is_map())
      return errors_.push_back(wrong_kind(*names, "rename", "a mapping of old to new names"));
    for (const auto& entry : names->entries)
      if (expect_scalar(entry.value, entry.key, "a name", errors_))
        spec.names.emplace_back(entry.key, entry.value.text);
    done(std::move(spec));
  }

  void unite() {
    for (const auto& [name, place] : fields_.words("union")) node_.inputs.push_back({name, place});
    done(UnionSpec{});
  }

  void aggregate() {
    WindowAggregateSpec spec;
    if (const auto* keys = fields_.take("key_by")) spec.keys = keys_of(*keys);
    const auto* window = fields_.take("window");
    const auto* aggregates = fields_.take("aggregate");
    if (const auto lateness = fields_.duration("lateness")) spec.lateness = *lateness;
    if (spec.lateness < Micros{0}) {
      fields_.fail(Error{Errc::bad_value, "'lateness' must not be negative"}.at(node_.place));
    }
    if (const auto late = fields_.text("late_rows")) node_.side_outputs.emplace(1, *late);
    if (window == nullptr) {
      fields_.fail(Error{Errc::missing_key, fields_.what() + " aggregates without 'window'"}
                       .with_cause("running aggregates are not available in this version")
                       .with_remedy("add a window: `window: {tumbling: 1h}`")
                       .at(node_.place));
    } else if (auto read = window_of(*window)) {
      spec.window = *read;
    }
    if (!aggregates->is_map()) {
      errors_.push_back(wrong_kind(*aggregates, "aggregate",
                                   "a mapping of names to aggregates, as {flights: count()}"));
    } else {
      for (const auto& entry : aggregates->entries) add_aggregate(entry, spec);
      if (aggregates->entries.empty())
        errors_.push_back(Error{Errc::bad_value, "'aggregate' is empty"}.at(aggregates->place));
    }
    done(std::move(spec));
  }

  std::vector<NamedExpression> keys_of(const ConfigNode& keys) {
    std::vector<NamedExpression> result;
    if (keys.is_map()) return named_expressions(keys, "key_by");
    for (const auto& [name, place] : fields_.words("key_by")) {
      auto column = column_name(name);
      if (!column) {
        fields_.fail(Error{Errc::bad_value, "key '" + name + "' is not a column"}
                         .with_remedy("give an expression a name: `key_by: {k: " + name +
                                      "}`; a column that is no word stands in double quotes: "
                                      "`key_by: '\"my column\"'`")
                         .at(place));
        continue;
      }
      result.push_back({*std::move(column), {name, place}});
    }
    return result;
  }

  void add_aggregate(const ConfigNode::Entry& entry, WindowAggregateSpec& spec) {
    if (!expect_scalar(entry.value, entry.key, "an aggregate such as sum(price)", errors_)) return;
    auto call = parse_aggregate(expression_of(entry.value));
    if (!call) {
      errors_.push_back(std::move(call).error());
      return;
    }
    if (call->distinct || call->filter) {
      errors_.push_back(Error{
          Errc::bad_value, call->distinct ? "DISTINCT aggregates are not available in this version"
                                          : "FILTER is not available in this version"}
                            .with_remedy("filter in a step of its own")
                            .at(entry.value.place));
      return;
    }
    if (call->arguments.size() > 1) {
      errors_.push_back(
          Error{Errc::bad_value, "'" + call->function + "' takes at most one argument"}.at(
              call->place));
      return;
    }
    spec.aggregates.push_back(
        {entry.key, call->function,
         call->arguments.empty() ? std::nullopt : std::optional{call->arguments.front()},
         call->place});
  }

  std::optional<WindowSpec> window_of(const ConfigNode& node) {
    if (!node.is_map()) {
      errors_.push_back(wrong_kind(
          node, "window", "a mapping such as {tumbling: 1h} or {hopping: {size: 1h, slide: 5m}}"));
      return std::nullopt;
    }
    Fields fields{node, "window of '" + node_.name + "'", errors_};
    std::optional<WindowSpec> result;
    if (const auto* tumbling = fields.take("tumbling")) {
      if (const auto size = read_duration(*tumbling, "tumbling", errors_))
        result = TumblingWindow{*size};
    } else if (const auto* hopping = fields.take("hopping")) {
      Fields inner{*hopping, "'hopping'", errors_};
      inner.require("size", "hopping windows have size and slide: {size: 1h, slide: 5m}");
      inner.require("slide", "hopping windows have size and slide: {size: 1h, slide: 5m}");
      const auto size = inner.duration("size");
      const auto slide = inner.duration("slide");
      inner.finish();
      if (size && slide) result = HoppingWindow{*size, *slide};
    } else {
      for (const auto* later : {"session", "cumulate", "global", "count"}) {
        if (fields.take(later) == nullptr) continue;
        fields.fail(Error{Errc::bad_value,
                          "window '" + std::string{later} + "' is not available in this version"}
                        .at(node.place));
        return std::nullopt;
      }
      if (node.entries.empty())
        fields.fail(Error{Errc::bad_value, "'window' is empty"}
                        .with_remedy("use {tumbling: 1h} or {hopping: {size: 1h, slide: 5m}}")
                        .at(node.place));
    }
    fields.finish();
    return result;
  }

  void top() {
    const auto* node = fields_.take("top");
    TopSpec spec;
    spec.place = node->place;
    Fields fields{*node, "'top'", errors_};
    fields.require("n", "say how many rows: `n: 3`");
    fields.require("by", "say what orders the rows: `by: worst desc`");
    if (const auto n = fields.integer("n", 1, 1'000'000)) spec.n = static_cast<std::uint64_t>(*n);
    for (const auto& [text, place] : fields.words("by"))
      if (auto order = order_of(text, place)) spec.by.push_back(*std::move(order));
    for (const auto& [name, place] : fields.words("per"))
      spec.per.push_back(column_name(name).value_or(name));
    fields.finish();
    done(std::move(spec));
  }

  std::optional<OrderBy> order_of(const std::string& text, const SourcePlace& place) {
    if (auto order = parse_order(text)) return order;
    errors_.push_back(Error{
        Errc::bad_value, "'by' must be `column`, `column asc` or `column desc`, not '" + text + "'"}
                          .with_remedy("compute an expression with `with` in a step before; a name "
                                       "that is no word stands in double quotes: '\"my column\" "
                                       "desc'")
                          .at(place));
    return std::nullopt;
  }

  LogicalNode node_;
  std::vector<Error>& errors_;
  Fields fields_;
};

}  // namespace

LogicalNode read_step(const ConfigNode::Entry& entry, std::vector<Error>& errors) {
  return StepReader{entry, errors}.read(entry.value);
}

}  // namespace flow
