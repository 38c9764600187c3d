#include "bound_step.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace flow {
namespace {

/// What is known of the stream after columns were chosen: its event time survives under the name of
/// a column that holds it unchanged.
StreamShape reshaped(const StreamShape& input, std::vector<Field> fields,
                     const std::vector<ProjectOperator::Output>& outputs) {
  auto shape = input;
  shape.time_column.reset();
  const auto time = input.time_column ? input.schema->index_of(*input.time_column) : std::nullopt;
  for (std::size_t i = 0; time && i < outputs.size(); ++i) {
    if (outputs[i].expression || outputs[i].column != *time) continue;
    // The column's own name wins over another one.
    if (!shape.time_column || fields[i].name == *input.time_column)
      shape.time_column = fields[i].name;
  }
  if (!shape.time_column) shape.time_offset = {};
  shape.schema = make_schema(std::move(fields));
  return shape;
}

/// Reports names that occur twice and schemas without a column; true if the fields make a schema.
bool check_fields(const std::vector<Field>& fields, const SourcePlace& place,
                  std::vector<Error>& errors) {
  std::set<std::string> seen;
  auto good = true;
  for (const auto& field : fields) {
    if (seen.insert(field.name).second) continue;
    good = false;
    errors.push_back(Error{Errc::duplicate_column, "two columns are named '" + field.name + "'"}
                         .with_remedy("give one of them another name")
                         .at(place));
  }
  if (fields.empty()) errors.push_back(Error{Errc::no_columns, "no column is left"}.at(place));
  return good && !fields.empty();
}

void finish(BoundStep& step, const StreamShape& input, std::vector<Field> fields,
            const SourcePlace& place) {
  if (check_fields(fields, place, step.errors))
    step.shape = reshaped(input, std::move(fields), step.outputs);
  else
    step.shape = input;
}

}  // namespace

BoundStep bind(const FilterSpec& spec, const StreamShape& input, const SourcePlace& /*place*/) {
  BoundStep step;
  step.shape = input;
  const CompileOptions options{input.name, types::boolean};
  auto condition = Expression::compile(spec.condition, *input.schema, options);
  if (condition) {
    step.condition = *std::move(condition);
  } else {
    step.errors.push_back(std::move(condition).error());
  }
  return step;
}

BoundStep bind(const ProjectSpec& spec, const StreamShape& input, const SourcePlace& place) {
  BoundStep step;
  std::vector<Field> fields;
  if (spec.keep_input) {
    fields = input.schema->fields();
    for (std::uint32_t i = 0; i < fields.size(); ++i) step.outputs.push_back({i, std::nullopt});
  }
  std::set<std::string> computed;
  for (const auto& [name, text] : spec.columns) {
    auto expression = Expression::compile(text, *input.schema, {input.name, {}});
    if (!expression) {
      step.errors.push_back(std::move(expression).error());
      continue;
    }
    Field field{name, expression->type(), expression->nullable()};
    ProjectOperator::Output output;
    if (const auto column = expression->column_only()) {
      output.column = *column;
      field.nullable = input.schema->field(*column).nullable;
    } else {
      output.expression = *std::move(expression);
    }
    const auto replaced =
        std::find_if(fields.begin(), fields.end(),
                     [&wanted = name](const Field& f) { return f.name == wanted; });
    if (computed.insert(name).second && replaced != fields.end()) {
      step.outputs[static_cast<std::size_t>(replaced - fields.begin())] = std::move(output);
      *replaced = std::move(field);
    } else {
      fields.push_back(std::move(field));
      step.outputs.push_back(std::move(output));
    }
  }
  // With a wrong expression the other columns are known all the same, so that steps behind are
  // checked.
  finish(step, input, std::move(fields), place);
  return step;
}

BoundStep bind(const DropSpec& spec, const StreamShape& input, const SourcePlace& place) {
  BoundStep step;
  for (const auto& name : spec.columns)
    if (!input.schema->index_of(name)) step.errors.push_back(input.no_column(name, place));
  std::vector<Field> fields;
  for (std::uint32_t i = 0; i < input.schema->size(); ++i) {
    const auto& field = input.schema->field(i);
    if (std::find(spec.columns.begin(), spec.columns.end(), field.name) != spec.columns.end())
      continue;
    fields.push_back(field);
    step.outputs.push_back({i, std::nullopt});
  }
  finish(step, input, std::move(fields), place);
  return step;
}

BoundStep bind(const RenameSpec& spec, const StreamShape& input, const SourcePlace& place) {
  BoundStep step;
  auto fields = input.schema->fields();
  for (std::uint32_t i = 0; i < fields.size(); ++i) step.outputs.push_back({i, std::nullopt});
  // All at once, so that two columns can swap their names.
  std::set<std::string> renamed;
  for (const auto& [from, to] : spec.names) {
    const auto at = input.schema->index_of(from);
    if (!at) {
      step.errors.push_back(input.no_column(from, place));
    } else if (!renamed.insert(from).second) {
      step.errors.push_back(
          Error{Errc::duplicate_column, "column '" + from + "' is renamed twice"}.at(place));
    } else {
      fields[*at].name = to;
    }
  }
  finish(step, input, std::move(fields), place);
  return step;
}

BoundStep bind(const UnionSpec& /*spec*/, const std::vector<StreamShape>& inputs,
               const SourcePlace& place) {
  BoundStep step;
  step.shape = inputs.front();
  auto fields = inputs.front().schema->fields();
  for (std::size_t input = 1; input < inputs.size(); ++input) {
    const auto& other = inputs[input];
    const auto differs = [&](std::string what) {
      step.errors.push_back(
          Error{Errc::schemas_differ, "the inputs of a union have different columns"}
              .with_cause(std::move(what))
              .with_note("input 1: " + inputs.front().schema->to_string())
              .with_note("input " + std::to_string(input + 1) + ": " + other.schema->to_string())
              .with_remedy("bring them into the same form with `select`")
              .at(place));
    };
    if (other.schema->size() != fields.size()) {
      differs("input " + std::to_string(input + 1) + " has " +
              std::to_string(other.schema->size()) + " columns instead of " +
              std::to_string(fields.size()));
      continue;
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto& field = other.schema->field(i);
      if (field.name != fields[i].name || field.type != fields[i].type) {
        differs("column " + std::to_string(i + 1) + " is '" + field.name + "' " +
                std::string{to_string(field.type)} + " instead of '" + fields[i].name + "' " +
                std::string{to_string(fields[i].type)});
        break;
      }
      fields[i].nullable = fields[i].nullable || field.nullable;
    }
    step.shape.has_watermark = step.shape.has_watermark && other.has_watermark;
    step.shape.changelog = step.shape.changelog || other.changelog;
    if (step.shape.time_column != other.time_column ||
        step.shape.time_offset != other.time_offset) {
      step.shape.time_column.reset();
      step.shape.time_offset = {};
    }
  }
  if (fields != inputs.front().schema->fields()) step.shape.schema = make_schema(std::move(fields));
  return step;
}

}  // namespace flow
