#include "node_reader.hpp"

#include "flow/base/nearest.hpp"
#include "flow/graph/connect.hpp"

#include <algorithm>

namespace flow {
namespace {

constexpr Micros kDefaultIdle{30'000'000};

/// `{a: {b: 1}}` becomes the option `a.b`; `format: {type: csv, header: true}` becomes `format` and
/// `format.header`.
void flatten(const std::string& name, const ConfigNode& node, Options& options,
             std::vector<Error>& errors) {
  if (node.is_map()) {
    for (const auto& entry : node.entries) {
      const bool is_type = entry.key == "type" && name == "format";
      flatten(is_type ? name : name + "." + entry.key, entry.value, options, errors);
    }
    return;
  }
  OptionValue value;
  value.place = node.place;
  value.secret = node.secret;
  // What stands for null in csv may be the word that YAML takes for null.
  const bool null_word = node.kind == ConfigNode::Kind::null && !node.text.empty() &&
                         (name == "null" || name == "format.null");
  if (null_word) {
    value.text = node.text;
  } else if (node.is_scalar()) {
    if (!expect_scalar(node, name, "a word", errors)) return;
    value.text = node.text;
  } else if (node.is_list()) {
    for (const auto& item : node.items)
      if (expect_scalar(item, name, "a list of words", errors)) value.list.push_back(item.text);
  } else {
    errors.push_back(Error{Errc::bad_option, "option '" + name + "' has no value"}.at(node.place));
    return;
  }
  options.set(name, std::move(value));
}

Options options_of(const Fields& fields, std::vector<Error>& errors) {
  Options options{{}, fields.place()};
  for (const auto* entry : fields.rest()) flatten(entry->key, entry->value, options, errors);
  return options;
}

const ConnectorEntry* find_connector(Fields& fields, const ConnectorRegistry& connectors,
                                     Direction direction, std::vector<Error>& errors) {
  const auto* node = fields.require("connector", "say where the rows are: `connector: file`");
  if (node == nullptr || !expect_scalar(*node, "connector", "a word", errors)) return nullptr;
  return require_connector(connectors, node->text, direction, node->place, errors);
}

/// `timestamp not null` → type and nullability.
std::optional<Field> field_of(const std::string& name, const std::string& text,
                              const SourcePlace& place, std::vector<Error>& errors) {
  constexpr std::string_view kNotNull = "not null";
  std::string_view type = text;
  bool nullable = true;
  if (type.size() > kNotNull.size()) {
    auto tail = std::string{type.substr(type.size() - kNotNull.size())};
    std::transform(tail.begin(), tail.end(), tail.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (tail == kNotNull) {
      nullable = false;
      type.remove_suffix(kNotNull.size());
    }
  }
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  if (const auto parsed = parse_type(type)) return Field{name, *parsed, nullable};
  const std::vector<std::string> names{"bool",   "int32", "int64", "float64",
                                       "string", "bytes", "date",  "timestamp"};
  errors.push_back(
      Error{Errc::bad_value, "unknown type '" + std::string{type} + "' of column '" + name + "'"}
          .with_note(choices_note("types", type, names))
          .at(place));
  return std::nullopt;
}

/// False if a column could not be read.
bool read_schema(const ConfigNode& node, SourceRequest& request, std::vector<Error>& errors) {
  if (!node.is_map()) {
    errors.push_back(wrong_kind(node, "schema", "a mapping of column names to types"));
    return false;
  }
  if (node.entries.empty())
    errors.push_back(Error{Errc::bad_value, "'schema' is empty"}.at(node.place));
  std::vector<Field> fields;
  for (const auto& entry : node.entries) {
    ColumnText text;
    std::optional<Field> field;
    if (entry.value.is_map()) {
      Fields column{entry.value, "column '" + entry.key + "'", errors};
      const auto type = column.text("type");
      text.format = column.text("format").value_or("");
      text.zone = column.text("zone").value_or("");
      text.unit = column.choice("unit", {"s", "ms", "us", "ns"}).value_or("");
      column.finish();
      if (type)
        field = field_of(entry.key, *type, entry.value.place, errors);
      else if (entry.value.find("type") == nullptr)
        errors.push_back(
            Error{Errc::missing_key, "column '" + entry.key + "' has no 'type'"}.at(entry.place));
    } else if (expect_scalar(entry.value, entry.key, "a type", errors)) {
      field = field_of(entry.key, entry.value.text, entry.value.place, errors);
    }
    if (!field) continue;
    fields.push_back(*std::move(field));
    request.text.push_back(std::move(text));
  }
  const bool complete = !fields.empty() && fields.size() == node.entries.size();
  request.schema = make_schema(std::move(fields));
  return complete;
}

/// Event time and watermark of a source, checked against the schema that the connector delivers.
void read_time(const std::string& node, const ConfigNode* event_time, const ConfigNode* watermark,
               SourceNode& source, std::vector<Error>& errors) {
  if (event_time != nullptr && expect_scalar(*event_time, "event_time", "a column", errors)) {
    if (!check_event_time(*source.source->schema(), event_time->text, node, event_time->place,
                          errors))
      return;
    source.time_column = event_time->text;
  }
  if (watermark == nullptr) return;
  if (event_time == nullptr) {
    errors.push_back(
        Error{Errc::missing_key, "source '" + node + "' has a watermark but no 'event_time'"}
            .with_remedy("name the timestamp column: `event_time: …`")
            .at(watermark->place));
    return;
  }
  WatermarkSpec spec;
  spec.idle = kDefaultIdle;
  if (watermark->is_map()) {
    Fields inner{*watermark, "'watermark'", errors};
    inner.require("delay", "say how late rows may be: `delay: 5m`");
    spec.delay = inner.duration("delay").value_or(Micros{0});
    if (const auto idle = inner.duration("idle")) spec.idle = *idle;
    inner.finish();
  } else if (const auto delay = read_duration(*watermark, "watermark", errors)) {
    spec.delay = *delay;
  }
  if (spec.delay < Micros{0})
    errors.push_back(
        Error{Errc::bad_value, "'watermark' must not be negative"}.at(watermark->place));
  if (!source.time_column) return;
  spec.time_column = *source.time_column;
  source.watermark = spec;
}

/// What can be said of options without asking the connector.
void report(Options options, const std::vector<OptionEntry>& known, std::vector<Error>& errors) {
  for (auto& error : options.take_rest(known)) errors.push_back(std::move(error));
  for (auto& error : options.unknown(known)) errors.push_back(std::move(error));
}

/// The source, or a stand-in; where its columns or an option cannot be read, the connector is not
/// asked.
std::shared_ptr<const Source> connect(const ConnectorEntry& connector, const Fields& fields,
                                      SourceRequest request, bool complete,
                                      std::vector<Error>& errors) {
  const auto errors_before = errors.size();
  request.options = options_of(fields, errors);
  if (complete && errors.size() == errors_before)
    return make_source(connector, std::move(request), fields.place(), errors);
  report(std::move(request.options), connector.source_options, errors);
  return complete ? stand_in(std::move(request.schema)) : nullptr;
}

/// Makes `node` a sink. One that has other mistakes is asked for those in its options here, for
/// nobody else will.
void connect(const ConnectorEntry& connector, const Fields& fields, std::size_t errors_before,
             LogicalNode& node, std::vector<Error>& errors) {
  const auto errors_before_options = errors.size();
  auto options = options_of(fields, errors);
  if (errors.size() != errors_before_options)
    return report(std::move(options), connector.sink_options, errors);
  auto sink = make_sink_node(connector, node.name, std::move(options));
  if (errors.size() == errors_before) {
    node.what = std::move(sink);
  } else {
    for (auto& error : sink.check(make_schema({}), false))
      errors.push_back(error.where().line == 0 ? std::move(error).at(node.place)
                                               : std::move(error));
  }
}

OnError on_error_of(Fields& fields) {
  const auto text = fields.choice("on_error", {"fail", "skip", "dead_letter"}).value_or("fail");
  if (text == "skip") return OnError::skip;
  return text == "dead_letter" ? OnError::dead_letter : OnError::fail;
}

}  // namespace

LogicalNode read_source(const ConfigNode::Entry& entry, const ConnectorRegistry& connectors,
                        std::vector<Error>& errors) {
  const auto errors_before = errors.size();
  LogicalNode node{entry.key, entry.place, {}, BrokenNode{}, {}, std::nullopt};
  Fields fields{entry.value, "source '" + entry.key + "'", errors};
  if (!entry.value.is_map()) return node;
  const auto* connector = find_connector(fields, connectors, Direction::source, errors);
  if (const auto value = fields.integer("parallelism", 1, kMaxKeyGroups))
    node.parallelism = static_cast<std::uint32_t>(*value);
  SourceNode source;
  SourceRequest request;
  request.node = entry.key;
  request.on_error = source.on_error = on_error_of(fields);
  bool complete = true;
  if (const auto* schema = fields.take("schema")) complete = read_schema(*schema, request, errors);
  const auto* event_time = fields.take("event_time");
  const auto* watermark = fields.take("watermark");
  if (connector == nullptr) {
    if (complete) source.source = stand_in(std::move(request.schema));
  } else {
    source.connector = connector->name;
    source.source = connect(*connector, fields, std::move(request), complete, errors);
  }
  if (source.source == nullptr) {
    if (source.on_error == OnError::dead_letter)
      node.side_outputs[kDeadLetterPort] = dead_letters_of(entry.key);
    return node;
  }
  const auto errors_before_time = errors.size();
  read_time(entry.key, event_time, watermark, source, errors);
  if (errors.size() != errors_before_time) guess_time(source);
  source.stand_in = errors.size() != errors_before;
  node.what = std::move(source);
  return node;
}

LogicalNode read_sink(const ConfigNode::Entry& entry, const ConnectorRegistry& connectors,
                      std::vector<Error>& errors) {
  const auto errors_before = errors.size();
  LogicalNode node{entry.key, entry.place, {}, BrokenNode{}, {}, std::nullopt};
  Fields fields{entry.value, "sink '" + entry.key + "'", errors};
  if (!entry.value.is_map()) return node;
  const auto* connector = find_connector(fields, connectors, Direction::sink, errors);
  if (const auto value = fields.integer("parallelism", 1, kMaxKeyGroups))
    node.parallelism = static_cast<std::uint32_t>(*value);
  fields.require("from", "name the source or step it writes: `from: …`");
  for (const auto& [name, place] : fields.words("from")) node.inputs.push_back({name, place});
  if (connector != nullptr) connect(*connector, fields, errors_before, node, errors);
  return node;
}

LogicalNode read_dead_letters(const ConfigNode& config, const ConnectorRegistry& connectors,
                              std::vector<Error>& errors) {
  const auto errors_before = errors.size();
  LogicalNode node{"dead_letters", config.place, {}, BrokenNode{}, {}, std::nullopt};
  Fields fields{config, "'dead_letters'", errors};
  if (!config.is_map()) return node;
  const auto* connector = find_connector(fields, connectors, Direction::sink, errors);
  if (connector != nullptr) connect(*connector, fields, errors_before, node, errors);
  return node;
}

}  // namespace flow
