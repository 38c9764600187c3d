#include "window_plan.hpp"

#include "flow/base/nearest.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <set>

namespace flow {
namespace {

struct FunctionName {
  std::string_view name;
  AggregateFunction function;
};
constexpr FunctionName kFunctions[] = {{"count", AggregateFunction::count},
                                       {"sum", AggregateFunction::sum},
                                       {"min", AggregateFunction::min},
                                       {"max", AggregateFunction::max},
                                       {"avg", AggregateFunction::avg}};

/// The longest size and slide: two of them around any date that people use still fit a timestamp.
constexpr Micros kLongestWindow{std::int64_t{1} << 60};

bool is_number(DataType type) {
  return type == types::int32 || type == types::int64 || type == types::float64;
}

class Planner {
 public:
  Planner(const WindowAggregateSpec& spec, const StreamShape& input, const SourcePlace& place,
          std::vector<Error>& errors)
      : spec_{spec}, input_{input}, place_{place}, errors_{errors} {}

  std::shared_ptr<const WindowPlan> run() {
    const auto errors_before = errors_.size();
    plan_->input = input_.schema;
    if (input_.changelog)
      errors_.push_back(
          Error{Errc::changelog_not_accepted, "a window cannot aggregate a changelog"}.at(place_));
    bind_window();
    bind_time();
    bind_keys();
    bind_aggregates();
    if (errors_.size() != errors_before) return nullptr;
    make_schemas();
    if (errors_.size() != errors_before) return nullptr;
    return plan_;
  }

 private:
  void bind_window() {
    const auto fail = [&](std::string message) {
      errors_.push_back(Error{Errc::bad_window, std::move(message)}.at(place_));
    };
    Micros size{};
    Micros slide{};
    if (const auto* tumbling = std::get_if<TumblingWindow>(&spec_.window)) {
      size = slide = tumbling->size;
    } else {
      const auto& hopping = std::get<HoppingWindow>(spec_.window);
      size = hopping.size;
      slide = hopping.slide;
      if (slide > size)
        fail("the slide " + format_duration(slide) + " is longer than the size " +
             format_duration(size) + " of the window: rows between windows would be lost");
    }
    bool possible = true;
    for (const auto& [name, length] : {std::pair{"size", size}, std::pair{"slide", slide}}) {
      if (length > Micros{0} && length <= kLongestWindow) continue;
      possible = false;
      if (size == slide && std::string_view{name} == "slide") continue;  // Said already.
      fail(std::string{"the "} + name + " of the window is " + format_duration(length) +
           (length > Micros{0} ? "; the longest is " + format_duration(kLongestWindow)
                               : "; it must be longer than zero"));
    }
    if (possible && slide <= size) plan_->math = WindowMath{size, slide};
    plan_->lateness = spec_.lateness;
    if (spec_.lateness < Micros{0} || spec_.lateness > kLongestWindow)
      fail("lateness is " + format_duration(spec_.lateness) +
           "; it must not be negative, nor above " + format_duration(kLongestWindow));
  }

  void bind_time() {
    const auto name =
        spec_.time_column.empty() ? input_.time_column.value_or("") : spec_.time_column;
    if (name.empty() || !input_.has_watermark) {
      errors_.push_back(Error{Errc::no_event_time, name.empty()
                                                       ? "the input of the window has no event time"
                                                       : "the input of the window has no watermark"}
                            .with_remedy("give its source `event_time:` and `watermark:`")
                            .at(place_));
      return;
    }
    const auto index = plan_->input->index_of(name);
    if (!index || plan_->input->field(*index).type != types::timestamp) {
      errors_.push_back(
          Error{Errc::no_event_time, "the event-time column '" + name + "' " +
                                         (index ? "is not a timestamp" : "does not exist")}
              .at(place_));
      return;
    }
    plan_->time_column = static_cast<std::uint32_t>(*index);
    if (name != input_.time_column) return;
    plan_->time_offset = input_.time_offset.count();
    plan_->time_is_event_time = true;
  }

  void bind_keys() {
    for (const auto& key : spec_.keys) {
      auto bound = RowExpression::bind(key.expression, input_);
      if (!bound) {
        errors_.push_back(std::move(bound).error());
        continue;
      }
      if (bound->type() == types::null) {
        errors_.push_back(Error{Errc::bad_window, "the key '" + key.name + "' is always null"}
                              .with_remedy("leave it out: without key_by there is one group")
                              .at(key.expression.place));
        continue;
      }
      plan_->key_types.push_back(bound->type());
      plan_->keys.push_back(*std::move(bound));
    }
  }

  void bind_aggregates() {
    for (const auto& aggregate : spec_.aggregates) bind_aggregate(aggregate);
  }

  void bind_aggregate(const AggregateSpec& spec) {
    const auto* known = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                     [&](const auto& f) { return f.name == spec.function; });
    if (known == std::end(kFunctions)) {
      auto error = Error{Errc::unknown_aggregate, "no aggregate function '" + spec.function + "'"};
      errors_.push_back(
          std::move(error).with_remedy("use count, sum, min, max or avg").at(spec.place));
      return;
    }
    BoundAggregate bound;
    bound.function = known->function;
    bound.name = spec.name;
    const auto fail = [&](std::string message) {
      errors_.push_back(Error{Errc::bad_aggregate_argument, std::move(message)}.at(
          spec.argument ? spec.argument->place : spec.place));
    };
    if (!spec.argument) {
      if (bound.function != AggregateFunction::count) {
        fail(spec.function + "() needs an argument");
        return;
      }
      aggregates_.push_back(std::move(bound));
      return;
    }
    auto argument = RowExpression::bind(*spec.argument, input_);
    if (!argument) {
      errors_.push_back(std::move(argument).error());
      return;
    }
    bound.argument_type = argument->type();
    bound.argument_nullable = argument->nullable();
    const auto type = bound.argument_type;
    bool fits = true;
    switch (bound.function) {
      case AggregateFunction::count:
        break;
      case AggregateFunction::sum:
        fits = is_number(type);
        bound.result = type == types::float64 ? types::float64 : types::int64;
        break;
      case AggregateFunction::avg:
        fits = is_number(type);
        bound.result = types::float64;
        break;
      case AggregateFunction::min:
      case AggregateFunction::max:
        fits = fixed_width(type) != 0 || is_variable(type);
        bound.result = type;
        break;
    }
    if (!fits) {
      fail("no " + spec.function + " of " + std::string{to_string(type)} + " values");
      return;
    }
    bound.argument = argument_index(*std::move(argument));
    aggregates_.push_back(std::move(bound));
  }

  /// What computes the same is evaluated once.
  int argument_index(RowExpression expression) {
    auto& known = plan_->arguments;
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& other) {
      return other.canonical() == expression.canonical();
    });
    if (found != known.end()) return static_cast<int>(found - known.begin());
    known.push_back(std::move(expression));
    return static_cast<int>(known.size() - 1);
  }

  void make_schemas() {
    std::vector<Field> keys;
    for (std::size_t i = 0; i < plan_->keys.size(); ++i)
      keys.push_back({spec_.keys[i].name, plan_->key_types[i], plan_->keys[i].nullable()});
    auto output = keys;
    output.push_back({"window_start", types::timestamp, false});
    output.push_back({"window_end", types::timestamp, false});
    for (const auto& aggregate : aggregates_) {
      const bool nullable =
          aggregate.function != AggregateFunction::count && aggregate.argument_nullable;
      output.push_back({aggregate.name, aggregate.result, nullable});
    }
    std::set<std::string_view> names;
    for (const auto& field : output) {
      if (names.insert(field.name).second) continue;
      errors_.push_back(
          Error{Errc::duplicate_column, "the output has two columns '" + field.name + "'"}
              .with_remedy("name one of them otherwise")
              .at(place_));
    }
    if (names.size() != output.size()) return;
    plan_->accumulators = std::make_unique<const Accumulators>(aggregates_);
    if (plan_->accumulators->value_bytes() > kMaxValueBytes - 64) {
      errors_.push_back(Error{Errc::bad_aggregate_argument, "too many aggregates in one window: " +
                                                                std::to_string(aggregates_.size())}
                            .at(place_));
      return;
    }
    plan_->output = make_schema(std::move(output));
    plan_->key_schema = make_schema(keys);
    auto partial = keys;
    partial.push_back({"slice$", types::timestamp, false});
    for (auto& field : plan_->accumulators->partial_fields()) partial.push_back(std::move(field));
    plan_->partial = make_schema(std::move(partial));
  }

  const WindowAggregateSpec& spec_;
  const StreamShape& input_;
  const SourcePlace& place_;
  std::vector<Error>& errors_;
  std::shared_ptr<WindowPlan> plan_ = std::make_shared<WindowPlan>();
  std::vector<BoundAggregate> aggregates_;
};

}  // namespace

std::string WindowPlan::fingerprint() const {
  ByteWriter writer;
  writer.put(kKeyFormatVersion);
  writer.put(math.size());
  writer.put(math.slide());
  writer.put(static_cast<std::uint32_t>(key_types.size()));
  for (const auto type : key_types) writer.put(type.id);
  accumulators->describe(writer);
  return writer.take();
}

std::shared_ptr<const WindowPlan> plan_window(const WindowAggregateSpec& spec,
                                              const StreamShape& input, const SourcePlace& place,
                                              std::vector<Error>& errors) {
  return Planner{spec, input, place, errors}.run();
}

}  // namespace flow
