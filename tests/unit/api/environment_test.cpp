#include "flow/flow.hpp"
#include "support/catch.hpp"
#include "support/fake_connectors.hpp"

namespace flow::testing {
namespace {

struct Built {
  Validation validation;
  std::vector<Error> errors;
};

Built build(const Environment& env) {
  Built built;
  built.validation = validate(env.graph(fake_connectors(), built.errors));
  return built;
}

SourceStream flights(Environment& env) {
  return env.from("flights", Connector{"rows"})
      .schema({{"date", timestamp}, {"origin", string}, {"delay", int32}})
      .event_time("date", 5min);
}

TEST_CASE("the streams of the manual make the graph of the manual", "[unit][api]") {
  Environment env{"airport_delays"};
  flights(env)
      .filter("delay > 15")
      .key_by("origin")
      .window(tumbling(1h))
      .aggregate({{"flights", count()}, {"mean_delay", avg("delay")}, {"worst", max("delay")}})
      .to("delays", Connector{"seen"});
  const auto built = build(env);
  REQUIRE(built.errors.empty());
  REQUIRE(built.validation.graph);
  const auto& nodes = built.validation.graph->graph.nodes;
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[1].name == "flights.filter");
  CHECK(nodes[2].name == "flights.filter.per_origin");
  CHECK(nodes[3].name == "delays");
  CHECK(nodes[1].place.line != 0);
  const auto& schema = *built.validation.graph->resolved[2].ports[0].schema;
  CHECK(schema.to_string().find("window_end") != std::string::npos);
  CHECK(plan(*built.validation.graph, env.options()));
}

TEST_CASE("a step through partners has the name it was given and the options of the call",
          "[unit][api]") {
  struct Nobody final : PartnerFactory {
    Result<std::unique_ptr<Partner>> open(const OperatorContext&) const override {
      return Error{Errc::internal, "not to be opened"};
    }
  };
  Environment env{"through"};
  flights(env)
      .through("enrich", std::make_shared<const Nobody>(),
               {.schema = {{"date", timestamp}, {"score", float64}}, .requests = 2, .timeout = 5s})
      .to("out", Connector{"seen"});
  const auto built = build(env);
  REQUIRE(built.validation.graph);
  const auto& node = built.validation.graph->graph.nodes[1];
  CHECK(node.name == "enrich");
  const auto& spec = std::get<ThroughSpec>(std::get<OperatorNode>(node.what).spec);
  CHECK(spec.requests == 2);
  CHECK(spec.timeout == Micros{5'000'000});
  CHECK(built.validation.graph->resolved[1].ports[0].schema->to_string() ==
        "{date: timestamp, score: float64}");
}

TEST_CASE("two steps that would have one name need names of their own", "[unit][api]") {
  Environment env{"twice"};
  const auto input = flights(env);
  input.filter("delay > 1").to("a", Connector{"seen"});
  input.filter("delay > 2").to("b", Connector{"seen"});
  const auto clash = build(env).validation.errors;
  REQUIRE_FALSE(clash.empty());
  CHECK(clash.front().code() == Errc::duplicate_name);

  Environment named{"named"};
  const auto same = flights(named);
  same.filter("delay > 1").name("some").to("a", Connector{"seen"});
  same.filter("delay > 2").name("more").to("b", Connector{"seen"});
  CHECK(build(named).validation.graph);
}

TEST_CASE("late rows are a stream", "[unit][api]") {
  Environment env{"late"};
  auto [results, late] = flights(env)
                             .key_by({"origin", "delay"})
                             .window(hopping(1h, 10min))
                             .lateness(5min)
                             .aggregate_with_late_rows({{"n", count()}});
  results.to("out", Connector{"seen"});
  late.to("late_out", Connector{"seen"});
  const auto built = build(env);
  REQUIRE(built.validation.graph);
  CHECK(*built.validation.graph->resolved[1].ports[1].schema ==
        *built.validation.graph->resolved[0].ports[0].schema);
}

TEST_CASE("rows that cannot be read go to the dead letters of the environment", "[unit][api]") {
  Environment env{"letters"};
  env.dead_letters(Connector{"seen"});
  flights(env).on_error(OnError::dead_letter).filter("delay > 15").to("out", Connector{"seen"});
  const auto built = build(env);
  REQUIRE(built.errors.empty());
  REQUIRE(built.validation.graph);
  const auto& nodes = built.validation.graph->graph.nodes;
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[3].name == "dead_letters");
  CHECK(nodes[3].inputs.at(0).name == "flights.dead_letters");
  CHECK(plan(*built.validation.graph, env.options()));

  Environment nowhere{"nowhere"};
  flights(nowhere).on_error(OnError::dead_letter).to("out", Connector{"seen"});
  const auto errors = build(nowhere).validation.errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().code() == Errc::missing_key);
}

TEST_CASE("mistakes are reported with the line of the call", "[unit][api]") {
  Environment env{"wrong"};
  const auto line = static_cast<std::uint32_t>(__LINE__ + 1);
  flights(env).filter("dely > 1").to("out", Connector{"sen"});
  const auto built = build(env);
  REQUIRE(built.errors.size() == 1);
  CHECK(built.errors[0].code() == Errc::unknown_connector);
  REQUIRE(built.validation.errors.size() == 1);
  CHECK(built.validation.errors[0].code() == Errc::unknown_column);
  CHECK(built.validation.errors[0].where().line == line);
  CHECK_THAT(built.validation.errors[0].where().file, Catch::EndsWith("environment_test.cpp"));
}

TEST_CASE("what is behind a wrong event time is checked, but for what needs the event time",
          "[unit][api]") {
  Environment env{"wrong"};
  env.from("flights", Connector{"rows"})
      .schema({{"date", timestamp}, {"origin", string}, {"delay", int32}})
      .event_time("origin", 5min)
      .filter("dely > 15")
      .to("late", Connector{"seen"});
  env.from("others", Connector{"rows"})
      .schema({{"origin", string}, {"delay", int32}})
      .event_time("day", 5min)
      .key_by("origin")
      .window(tumbling(1h))
      .aggregate({{"flights", count()}})
      .to("delays", Connector{"seen"});
  const auto built = build(env);
  REQUIRE(built.errors.size() == 2);
  CHECK_THAT(built.errors[0].message(), ContainsSubstring("'origin' must be a timestamp"));
  CHECK_THAT(built.errors[1].message(), ContainsSubstring("no column 'day'"));
  REQUIRE(built.validation.errors.size() == 1);
  CHECK(built.validation.errors[0].code() == Errc::unknown_column);
  CHECK_FALSE(built.validation.graph);
}

TEST_CASE("sources and sinks may be made by hand", "[unit][api]") {
  Environment env{"by_hand"};
  env.from("rows", fake_source(make_schema({{"x", types::int64, true}})))
      .select({{"y", "x + 1"}})
      .to("out", Connector{"seen"});
  CHECK(build(env).validation.graph);
}

}  // namespace
}  // namespace flow::testing
