#include "top.hpp"

#include "top_operator.hpp"

#include <algorithm>
#include <optional>

namespace flow {
namespace {

/// The plan, or nothing and all that is wrong.
std::optional<TopPlan> plan_top(const TopSpec& spec, const StreamShape& input,
                                const SourcePlace& place, std::vector<Error>& errors) {
  const auto before = errors.size();
  const auto fail = [&](Errc code, std::string message, std::string remedy) {
    errors.push_back(Error{code, std::move(message)}.with_remedy(std::move(remedy)).at(place));
  };
  const auto& schema = *input.schema;
  const auto find = [&](const std::string& name,
                        const char* where) -> std::optional<std::uint32_t> {
    if (const auto index = schema.index_of(name)) return static_cast<std::uint32_t>(*index);
    errors.push_back(
        input.no_column(name, place).with_context(std::string{"`"} + where + ":` of `top`"));
    return std::nullopt;
  };

  TopPlan plan;
  plan.n = spec.n;
  plan.schema = input.schema;
  if (input.changelog)
    fail(Errc::changelog_not_accepted, "`top` cannot take a changelog",
         "aggregate with a window before it");
  if (spec.n == 0) fail(Errc::bad_top, "`top` keeps no row: n is 0", "n is at least 1");
  if (spec.by.empty()) fail(Errc::bad_top, "`top` has no order", "say which column decides: `by:`");
  for (const auto& by : spec.by)
    if (find(by.column, "by")) plan.by.push_back(by);
  bool has_time = false;
  for (const auto& name : spec.per) {
    const auto column = find(name, "per");
    if (!column) continue;
    plan.per.push_back(*column);
    if (name != input.time_column) continue;
    has_time = true;
    plan.time_column = *column;
  }
  plan.time_offset = input.time_offset.count();
  if (!has_time || !input.has_watermark)
    fail(Errc::top_without_time, "the groups of `top` would never be complete",
         input.time_column && input.has_watermark
             ? "add '" + *input.time_column + "' to `per:`"
             : "put a window with event time and watermark before it, and window_end into `per:`");
  if (errors.size() != before) return std::nullopt;
  return plan;
}

}  // namespace

ShapeResult top_shape(const TopSpec& spec, const StreamShape& input, const SourcePlace& place) {
  ShapeResult result;
  if (plan_top(spec, input, place, result.errors)) result.ports.push_back(input);
  return result;
}

Result<std::unique_ptr<Operator>> make_top(const TopSpec& spec, const StreamShape& input) {
  std::vector<Error> errors;
  auto plan = plan_top(spec, input, spec.place, errors);
  if (!plan) return std::move(errors.front());
  return std::unique_ptr<Operator>{std::make_unique<TopOperator>(*std::move(plan))};
}

}  // namespace flow
