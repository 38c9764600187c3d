#include "through.hpp"

#include "through_operator.hpp"

#include <set>
#include <string>
#include <utility>

namespace flow {
namespace {

void check_limits(const ThroughSpec& spec, const SourcePlace& place, std::vector<Error>& errors) {
  const auto refuse = [&](std::string what) {
    errors.push_back(Error{Errc::bad_through, std::move(what)}.at(place));
  };
  if (spec.partner == nullptr) refuse("there is no actor to go through");
  if (spec.requests == 0) refuse("at least one request must be let out at once");
  if (spec.timeout <= Micros{0}) refuse("the time to wait for an answer must be above zero");
}

}  // namespace

ShapeResult through_shape(const ThroughSpec& spec, const StreamShape& input,
                          const SourcePlace& place) {
  ShapeResult result;
  check_limits(spec, place, result.errors);
  if (input.changelog)
    result.errors.push_back(
        Error{Errc::changelog_not_accepted, "an actor cannot stand behind a changelog"}.at(place));
  auto shape = input;
  std::set<std::string> names;
  for (const auto& field : spec.output)
    if (!names.insert(field.name).second)
      result.errors.push_back(
          Error{Errc::duplicate_column, "two columns are named '" + field.name + "'"}.at(place));
  if (!spec.output.empty() && result.errors.empty()) {
    shape.schema = make_schema(spec.output);
    const auto time = input.time_column ? shape.schema->index_of(*input.time_column) : std::nullopt;
    if (!time || shape.schema->field(*time).type != types::timestamp) {
      shape.time_column.reset();
      shape.time_offset = {};
    }
  }
  result.ports.push_back(std::move(shape));
  return result;
}

Result<std::unique_ptr<Operator>> make_through(const ThroughSpec& spec, const StreamShape& input) {
  auto shape = through_shape(spec, input, {});
  if (!shape.errors.empty()) return std::move(shape.errors.front());
  const auto& output = shape.ports.front();
  const auto time =
      output.time_column ? output.schema->index_of(*output.time_column) : std::nullopt;
  return std::unique_ptr<Operator>{std::make_unique<ThroughOperator>(spec, output.schema, time)};
}

}  // namespace flow
