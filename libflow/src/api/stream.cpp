#include "flow/api/stream.hpp"

#include "draft.hpp"

namespace flow {
namespace api {

SourcePlace place_of(const std::source_location& where) {
  return {where.file_name(), where.line(), where.column(), 0};
}

}  // namespace api

namespace {

std::vector<NamedExpression> named(const Stream::Columns& columns, const SourcePlace& place) {
  std::vector<NamedExpression> result;
  for (const auto& [name, expression] : columns) result.push_back({name, {expression, place}});
  return result;
}

/// `column desc` → OrderBy; anything else is taken as a column and refused when shapes are derived.
OrderBy order_of(const std::string& text) {
  const auto ends_with = [&](std::string_view tail) { return text.ends_with(tail); };
  if (ends_with(" desc")) return {text.substr(0, text.size() - 5), true};
  if (ends_with(" asc")) return {text.substr(0, text.size() - 4), false};
  return {text, false};
}

}  // namespace

Stream::Stream(std::shared_ptr<api::Draft> draft, std::size_t node, std::uint32_t port)
    : draft_{std::move(draft)}, node_{node}, port_{port} {}

Stream Stream::add(std::string verb, OperatorSpec spec, Where where,
                   std::vector<Stream> more_inputs) const {
  api::DraftNode node;
  node.name = draft_->nodes[node_].name + "." + verb;
  node.place = api::place_of(where);
  node.what = std::move(spec);
  node.inputs.push_back({node_, port_});
  for (const auto& input : more_inputs) node.inputs.push_back({input.node_, input.port_});
  draft_->nodes.push_back(std::move(node));
  return Stream{draft_, draft_->nodes.size() - 1};
}

Stream Stream::filter(std::string condition, Where where) const {
  return add("filter", FilterSpec{{std::move(condition), api::place_of(where)}}, where);
}

Stream Stream::select(Columns columns, Where where) const {
  return add("select", ProjectSpec{named(columns, api::place_of(where)), false}, where);
}

Stream Stream::with(Columns columns, Where where) const {
  return add("with", ProjectSpec{named(columns, api::place_of(where)), true}, where);
}

Stream Stream::drop(std::vector<std::string> columns, Where where) const {
  return add("drop", DropSpec{std::move(columns)}, where);
}

Stream Stream::rename(Columns names, Where where) const {
  return add("rename", RenameSpec{std::move(names)}, where);
}

Stream Stream::union_with(const Stream& other, Where where) const {
  return add("union", UnionSpec{}, where, {other});
}

Stream Stream::top(std::uint64_t n, std::vector<std::string> by, std::vector<std::string> per,
                   Where where) const {
  TopSpec spec;
  spec.n = n;
  for (const auto& text : by) spec.by.push_back(order_of(text));
  spec.per = std::move(per);
  spec.place = api::place_of(where);
  return add("top", std::move(spec), where);
}

Stream Stream::through(std::string name, std::shared_ptr<const PartnerFactory> partners,
                       ThroughOptions options, Where where) const {
  ThroughSpec spec;
  spec.partner = std::move(partners);
  for (auto& [column, type] : options.schema)
    spec.output.push_back({std::move(column), type, true});
  spec.requests = options.requests;
  spec.bytes = options.bytes;
  spec.timeout = options.timeout;
  return add("through", std::move(spec), where).name(std::move(name));
}

KeyedStream Stream::key_by(std::string column) const {
  return key_by(std::vector<std::string>{std::move(column)});
}

KeyedStream Stream::key_by(std::vector<std::string> columns) const {
  std::vector<NamedExpression> keys;
  for (auto& column : columns) keys.push_back({column, {column}});
  return KeyedStream{*this, std::move(keys)};
}

KeyedStream Stream::key_by(std::initializer_list<std::string> columns) const {
  return key_by(std::vector<std::string>{columns});
}

KeyedStream Stream::key_by_expressions(Columns keys) const {
  return KeyedStream{*this, named(keys, {})};
}

WindowedStream Stream::window(WindowSpec window) const { return WindowedStream{*this, {}, window}; }

void Stream::add_sink(std::string name, api::DraftSink sink, Where where) const {
  api::DraftNode node;
  node.name = std::move(name);
  node.place = api::place_of(where);
  node.what = std::move(sink);
  node.inputs.push_back({node_, port_});
  draft_->nodes.push_back(std::move(node));
}

void Stream::to(std::string name, Connector sink, Where where) const {
  add_sink(std::move(name), {std::move(sink)}, where);
}

void Stream::to(std::string name, std::shared_ptr<const Sink> sink, Where where) const {
  add_sink(std::move(name), {std::move(sink)}, where);
}

Stream Stream::name(std::string name) const {
  draft_->nodes[node_].name = std::move(name);
  return *this;
}

Stream Stream::parallelism(std::uint32_t subtasks) const {
  draft_->nodes[node_].parallelism = subtasks;
  return *this;
}

SourceStream SourceStream::schema(std::vector<std::pair<std::string, DataType>> fields) const {
  auto& source = std::get<api::DraftSource>(draft_->nodes[node_].what);
  for (auto& [name, type] : fields) source.fields.push_back({std::move(name), type, true});
  return *this;
}

SourceStream SourceStream::event_time(std::string column, Micros delay,
                                      std::optional<Micros> idle) const {
  std::get<api::DraftSource>(draft_->nodes[node_].what).watermark =
      WatermarkSpec{std::move(column), delay, idle};
  return *this;
}

SourceStream SourceStream::on_error(OnError policy) const {
  std::get<api::DraftSource>(draft_->nodes[node_].what).on_error = policy;
  return *this;
}

WindowedStream KeyedStream::window(WindowSpec window) const {
  return WindowedStream{input_, keys_, window};
}

WindowedStream WindowedStream::lateness(Micros lateness) const {
  auto copy = *this;
  copy.lateness_ = lateness;
  return copy;
}

Stream WindowedStream::aggregate(Aggregates aggregates, Where where) const {
  WindowAggregateSpec spec;
  spec.keys = keys_;
  spec.window = window_;
  spec.lateness = lateness_;
  const auto place = api::place_of(where);
  for (auto& key : spec.keys) key.expression.place = place;
  for (auto& [name, aggregate] : aggregates) {
    auto argument = aggregate.argument.empty()
                        ? std::nullopt
                        : std::optional{ExpressionText{aggregate.argument, place}};
    spec.aggregates.push_back({name, aggregate.function, std::move(argument), place});
  }
  std::string verb = keys_.empty() ? "aggregate" : "per";
  for (const auto& key : keys_) verb += "_" + key.name;
  return input_.add(std::move(verb), std::move(spec), where);
}

std::pair<Stream, Stream> WindowedStream::aggregate_with_late_rows(Aggregates aggregates,
                                                                   Where where) const {
  auto results = aggregate(std::move(aggregates), where);
  auto& node = results.draft_->nodes[results.node_];
  node.side_outputs.emplace(1, node.name + ".late");
  return {results, Stream{results.draft_, results.node_, 1}};
}

}  // namespace flow
