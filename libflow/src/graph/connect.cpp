#include "flow/graph/connect.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>
#include <optional>

namespace flow {
namespace {

class StandIn final : public Source {
 public:
  explicit StandIn(SchemaPtr schema) : schema_{std::move(schema)} {}
  const SchemaPtr& schema() const override { return schema_; }
  bool bounded() const override { return true; }
  SplitOrder split_order() const override { return SplitOrder::independent; }
  Result<std::vector<Split>> enumerate(FileSystem& /*files*/,
                                       std::uint32_t /*parallelism*/) const override {
    return Error{Errc::internal, "a source with mistakes cannot run"};
  }
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& /*context*/) const override {
    return Error{Errc::internal, "a source with mistakes cannot run"};
  }

 private:
  SchemaPtr schema_;
};

bool is_about_options(Errc code) {
  return code == Errc::unknown_option || code == Errc::missing_option || code == Errc::bad_option;
}

/// All that is wrong with the options of a connector that was made, or why it was not: `refused`,
/// unless a mistyped name explains what is missing, the values it did not get to, and what nobody
/// knows.
std::vector<Error> errors_in(Options options, const std::vector<OptionEntry>& known,
                             std::optional<Error> refused) {
  std::vector<Error> errors;
  if (refused) {
    const auto place = refused->where();
    const bool mistyped = std::any_of(known.begin(), known.end(), [&](const OptionEntry& entry) {
      return refused->message() == missing_option(entry.name).message() &&
             options.has_mistyped(entry.name, known);
    });
    if (!mistyped) errors.push_back(*std::move(refused));
    for (auto& error : options.take_rest(known))
      if (place.line == 0 || error.where() != place) errors.push_back(std::move(error));
  }
  for (auto& error : options.unknown(known)) errors.push_back(std::move(error));
  return errors;
}

}  // namespace

const ConnectorEntry* require_connector(const ConnectorRegistry& connectors, std::string_view name,
                                        Direction direction, const SourcePlace& place,
                                        std::vector<Error>& errors) {
  const auto* entry = connectors.find(name);
  const auto usable = [&](const ConnectorEntry& candidate) {
    return direction == Direction::source ? static_cast<bool>(candidate.make_source)
                                          : static_cast<bool>(candidate.make_sink);
  };
  if (entry != nullptr && usable(*entry)) return entry;
  std::vector<std::string> names;
  for (const auto* candidate : connectors.all())
    if (usable(*candidate)) names.push_back(candidate->name);
  const std::string what = direction == Direction::source ? "source" : "sink";
  if (entry != nullptr) {
    errors.push_back(
        Error{Errc::wrong_direction, "connector '" + std::string{name} + "' cannot be a " + what}
            .with_note(what + "s: " + listed(names))
            .at(place));
  } else {
    errors.push_back(Error{Errc::unknown_connector, "no connector '" + std::string{name} + "'"}
                         .with_note(choices_note(what + "s", name, names))
                         .at(place));
  }
  return nullptr;
}

std::shared_ptr<const Source> make_source(const ConnectorEntry& connector, SourceRequest request,
                                          const SourcePlace& place, std::vector<Error>& errors) {
  const auto declared = request.schema;
  auto made = connector.make_source(request);
  auto wrong = errors_in(std::move(request.options), connector.source_options,
                         made ? std::nullopt : std::optional{made.error()});
  const bool clean = wrong.empty();
  for (auto& error : wrong)
    errors.push_back(error.where().line == 0 ? std::move(error).at(place) : std::move(error));
  if (!made) return stand_in(declared);
  return clean ? *std::move(made) : stand_in((*made)->schema());
}

std::shared_ptr<const Source> stand_in(SchemaPtr schema) {
  if (schema == nullptr) return nullptr;
  return std::make_shared<const StandIn>(std::move(schema));
}

SinkNode make_sink_node(const ConnectorEntry& connector, std::string node, Options options) {
  SinkNode sink;
  sink.connector = connector.name;
  sink.make = [make = connector.make_sink, node, options](
                  const SchemaPtr& schema, bool changelog) -> Result<std::shared_ptr<const Sink>> {
    SinkRequest request{node, schema, changelog, options};
    return make(request);
  };
  sink.check = [make = connector.make_sink, known = connector.sink_options, node = std::move(node),
                options = std::move(options)](const SchemaPtr& schema, bool changelog) {
    SinkRequest request{node, schema, changelog, options};
    auto made = make(request);
    auto errors = errors_in(std::move(request.options), known,
                            made ? std::nullopt : std::optional{made.error()});
    // What else it has against the job is said when it is made.
    std::erase_if(errors, [](const Error& error) { return !is_about_options(error.code()); });
    return errors;
  };
  return sink;
}

bool check_event_time(const Schema& schema, const std::string& column, const std::string& source,
                      const SourcePlace& place, std::vector<Error>& errors) {
  const auto index = schema.index_of(column);
  if (!index) {
    std::vector<std::string> names;
    for (const auto& field : schema.fields()) names.push_back(field.name);
    errors.push_back(Error{Errc::bad_value, "no column '" + column + "' in '" + source + "'"}
                         .with_note(choices_note("columns of '" + source + "'", column, names))
                         .at(place));
    return false;
  }
  if (schema.field(*index).type == types::timestamp) return true;
  errors.push_back(
      Error{Errc::bad_value, "event time '" + column + "' must be a timestamp, not " +
                                 std::string{to_string(schema.field(*index).type)}}
          .with_remedy(
              "declare the column as `timestamp`, with `unit: ms` if the text holds numbers")
          .at(place));
  return false;
}

void guess_time(SourceNode& source) {
  source.time_unknown = true;
  for (const auto& field : source.source->schema()->fields()) {
    if (field.type != types::timestamp) continue;
    source.time_column = field.name;
    source.watermark = WatermarkSpec{field.name, Micros{0}, std::nullopt};
    return;
  }
}

}  // namespace flow
