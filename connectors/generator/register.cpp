#include "register.hpp"

#include "generator_source.hpp"

namespace flow::generator {
namespace {

std::vector<OptionEntry> options_of(bool random) {
  std::vector<OptionEntry> entries{
      {"count", "int", "", false, "Rows in all; without it the source never ends."},
      {"rate", "float", "", false,
       "Rows per second over all subtasks; without it as fast as they are taken."},
  };
  if (random) entries.push_back({"seed", "int", "0", false, "Another seed, another table."});
  for (auto& entry : column_options(random)) {
    entry.name = "columns.NAME." + entry.name;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::shared_ptr<const Source>> make(SourceRequest& request, bool random) {
  GeneratorSource::Plan plan;
  plan.schema = request.schema;
  if (plan.schema == nullptr) {
    if (random)
      return Error{Errc::missing_option, "'" + request.node + "' needs a schema"}.at(
          request.options.place_of("schema"));
    plan.schema = make_schema({{"n", types::int64, false}});
  }
  FLOW_ASSIGN(const auto count, request.options.take_int("count", 0, INT64_MAX));
  const auto rate_place = request.options.place_of("rate");
  FLOW_ASSIGN(const auto rate, request.options.take_float("rate"));
  if (rate && !(*rate > 0 && *rate <= 1e9))
    return Error{Errc::bad_option,
                 "option 'rate' must lie between 0 and 1000000000 rows per second"}
        .at(rate_place);
  std::int64_t seed = 0;
  if (random) {
    FLOW_ASSIGN(const auto given, request.options.take_int("seed", INT64_MIN, INT64_MAX));
    seed = given.value_or(0);
  }
  if (count) plan.count = static_cast<std::uint64_t>(*count);
  plan.rate = rate.value_or(0);
  // What a column refuses leaves the options of all of them to be judged.
  auto rest = request.options;
  auto columns = rest.take_prefix("columns");
  for (const auto& field : plan.schema->fields()) {
    FLOW_ASSIGN(auto column,
                make_column(field, columns.take_prefix(field.name), random ? "uniform" : "sequence",
                            static_cast<std::uint64_t>(seed)));
    plan.columns.push_back(std::move(column));
  }
  if (const auto left = columns.names(); !left.empty())
    return Error{Errc::unknown_option,
                 "'columns." + left.front() + "' is no column of '" + request.node + "'"}
        .at(columns.place_of(left.front()));
  request.options = std::move(rest);
  return std::shared_ptr<const Source>{std::make_shared<GeneratorSource>(std::move(plan))};
}

}  // namespace

void register_in(ConnectorRegistry& registry) {
  registry.add({"sequence",
                "Numbers that follow from the row number; the fastest source there is.",
                "source: exact positions",
                options_of(false),
                {},
                [](SourceRequest& request) { return make(request, false); },
                {}});
  registry.add({"datagen",
                "Random rows with a distribution per column, the same ones every time.",
                "source: exact positions",
                options_of(true),
                {},
                [](SourceRequest& request) { return make(request, true); },
                {}});
}

}  // namespace flow::generator
