// One line enrols an operator; a new alternative of OperatorSpec without a line fails a test.

#include "counting_operator.hpp"
#include "harness.hpp"
#include "subject.hpp"

#include "support/batches.hpp"
#include "support/operators/fake_partner.hpp"

namespace flow::testing {
namespace {

ExpressionText text(std::string expression) { return {std::move(expression), {"case", 1, 1, 0}}; }

StreamShape shape(const ScriptOptions& options, Micros offset = {}) {
  return {schema(options.schema), options.time_column, offset, true, false};
}

/// Feeds rows of the default schema.
OperatorCase simple(std::string name, OperatorSpec spec, ScriptOptions options = {}) {
  OperatorCase made;
  made.name = std::move(name);
  made.spec = std::move(spec);
  made.inputs.assign(options.inputs, shape(options));
  made.script = [options](Random& random, bool late_rows) mutable {
    options.late_rows = late_rows;
    return random_script(random, options);
  };
  return made;
}

OperatorCase window(std::string name, WindowAggregateSpec spec) {
  auto made = simple(std::move(name), std::move(spec));
  made.absorbs_late_rows = true;
  return made;
}

/// What the operator emits for a script, fed whole.
Emissions run_whole(const OperatorCase& subject, const Script& script) {
  MeteredCollector out;
  Subject op{subject, 0, 1};
  for (const auto& step : script) {
    op.begin(step, out);
    op.finish(out);
  }
  op.end(out);
  op.finish(out);
  return std::move(out.emissions);
}

Script as_script(const Emissions& emissions) {
  Script script;
  for (const auto& emission : emissions) {
    ScriptStep step;
    step.kind = emission.batch.empty() ? ScriptStep::Kind::watermark : ScriptStep::Kind::batch;
    step.batch = emission.batch;
    step.watermark = emission.watermark;
    script.push_back(std::move(step));
  }
  return script;
}

/// The half before the exchange: its partial sums mean what the half behind it makes of them in the
/// end.
OperatorCase local_half(std::string name, WindowAggregateSpec spec) {
  auto made = window(std::move(name), spec);
  made.phase = Phase::local;
  auto global = made;
  global.phase = Phase::global;
  made.meaning = [global](const Emissions& emissions, bool one_stream) {
    Script rows;
    for (auto& step : as_script(emissions))
      if (one_stream || step.kind == ScriptStep::Kind::batch) rows.push_back(std::move(step));
    rows.push_back({ScriptStep::Kind::watermark, 0, {}, EventTime::max()});
    std::vector<std::string> texts;
    for (const auto& emission : run_whole(global, rows))
      if (!emission.batch.empty())
        for (const auto& row : row_texts(emission.batch)) texts.push_back(row);
    return texts;
  };
  return made;
}

OperatorCase global_half(std::string name, WindowAggregateSpec spec) {
  auto made = window(std::move(name), spec);
  auto local = made;
  local.phase = Phase::local;
  made.phase = Phase::global;
  made.script = [local, raw = made.script](Random& random, bool late_rows) {
    return as_script(run_whole(local, raw(random, late_rows)));
  };
  return made;
}

OperatorCase top(std::string name, TopSpec spec) {
  ScriptOptions options;
  options.schema = "window_end:timestamp! k:string v:int64 x:float64";
  options.time_column = "window_end";
  options.time_grain = 16;
  auto made = simple(std::move(name), std::move(spec), options);
  made.inputs = {shape(options, Micros{-1})};
  made.absorbs_late_rows = true;
  return made;
}

/// A partner that answers late and in any order, and loses everything but its state with each
/// restart.
OperatorCase through(std::string name, PartnerScript partner, std::vector<Field> output) {
  struct Late : PartnerScript {
    explicit Late(PartnerScript script) : PartnerScript{std::move(script)} { random = &dice; }
    Random dice{7};
  };
  ThroughSpec spec;
  spec.partner = fake_partners(std::make_shared<Late>(std::move(partner)));
  spec.output = std::move(output);
  spec.requests = 3;
  return simple(std::move(name), std::move(spec));
}

OperatorCase through_numbers() {
  auto output = schema(ScriptOptions{}.schema)->fields();
  output.push_back({"number", types::int64, true});
  PartnerScript partner;
  partner.answer = number_rows;
  auto made = through("through, numbering rows", std::move(partner), std::move(output));
  made.is_one_whole = true;
  return made;
}

/// Keyed state and timers, without a spec of its own.
OperatorCase keyed(std::string name, std::uint32_t key_column, DataType key_type) {
  auto made = simple(std::move(name), {});
  made.absorbs_late_rows = true;
  made.own = [=] { return make_counting_operator(key_column, key_type); };
  made.own_output = {counting_schema(key_type), "at", Micros{}, true, false};
  return made;
}

ProjectSpec project(bool keep_input, std::vector<NamedExpression> columns) {
  ProjectSpec spec;
  spec.columns = std::move(columns);
  spec.keep_input = keep_input;
  return spec;
}

WindowAggregateSpec aggregate(WindowSpec window, std::vector<NamedExpression> keys,
                              Micros lateness = {}) {
  WindowAggregateSpec spec;
  spec.window = window;
  spec.keys = std::move(keys);
  spec.time_column = "at";
  spec.lateness = lateness;
  const SourcePlace place{"case", 1, 1, 0};
  spec.aggregates = {{"rows", "count", std::nullopt, place}, {"known", "count", text("v"), place},
                     {"total", "sum", text("v"), place},     {"low", "min", text("x"), place},
                     {"high", "max", text("n"), place},      {"mean", "avg", text("x"), place},
                     {"sum_x", "sum", text("x * 2"), place}};
  return spec;
}

}  // namespace

std::vector<OperatorCase> operator_cases() {
  const NamedExpression by_name{"k", text("k")};
  const NamedExpression by_number{"n", text("n")};
  ScriptOptions two_inputs;
  two_inputs.inputs = 2;
  ScriptOptions wide;
  wide.steps = 6;
  wide.max_rows = 600;
  const TumblingWindow tumbling{Micros{10}};
  const HoppingWindow hopping{Micros{12}, Micros{4}};
  const HoppingWindow uneven{Micros{10}, Micros{4}};
  return {
      simple("filter", FilterSpec{text("v > 1 OR v IS NULL")}),
      simple("filter that leaves thin batches", FilterSpec{text("v = 6 AND k = 'b'")}, wide),
      simple("select", project(false, {{"at", text("at")}, {"double", text("v * 2")}})),
      simple("with", project(true, {{"v", text("v + 1")}, {"both", text("k || '!'")}})),
      simple("drop", DropSpec{{"v", "k"}}),
      simple("rename", RenameSpec{{{"at", "time"}, {"v", "at2"}}}),
      simple("union", UnionSpec{}, two_inputs),
      window("tumbling", aggregate(tumbling, {by_name})),
      window("tumbling, two keys, lateness", aggregate(tumbling, {by_number, by_name}, Micros{7})),
      window("tumbling, one group", aggregate(tumbling, {})),
      window("tumbling, computed key", aggregate(tumbling, {{"u", text("upper(k)")}})),
      window("hopping", aggregate(hopping, {by_number})),
      window("hopping, size no multiple of slide, lateness",
             aggregate(uneven, {by_name}, Micros{5})),
      local_half("tumbling, local", aggregate(tumbling, {by_name})),
      local_half("hopping, local", aggregate(hopping, {by_number, by_name})),
      global_half("tumbling, global", aggregate(tumbling, {by_name})),
      global_half("hopping, global, lateness", aggregate(hopping, {by_number}, Micros{6})),
      top("top", TopSpec{2, {{"v", true}}, {"window_end"}, {"case", 1, 1, 0}}),
      top("top per key",
          TopSpec{1, {{"x", false}, {"v", true}}, {"window_end", "k"}, {"case", 1, 1, 0}}),
      keyed("keyed state and timers", 0, types::string),
      keyed("keyed state and timers, number", 1, types::int64),
      through("through", {}, {}),
      through_numbers(),
  };
}

}  // namespace flow::testing
