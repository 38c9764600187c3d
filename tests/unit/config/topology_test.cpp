#include "load.hpp"

#include "support/catch.hpp"

namespace flow::testing {
namespace {

constexpr auto kWhole = R"(
job: airport_delays
parallelism: 2
checkpoints: {directory: state/, interval: 10s, retained: 3}
restart: {policy: fixed, initial: 2s, attempts: 5}
sources:
  flights:
    connector: rows
    count: 10
    schema:
      date: timestamp
      origin: string not null
      destination: varchar
      delay: bigint
    event_time: date
    watermark: {delay: 5m, idle: 45s}
steps:
  late:
    from: flights
    filter: delay > 15 AND origin <> destination
  per_airport:
    from: late
    key_by: [origin, destination]
    window: {hopping: {size: 1h, slide: 10m}}
    lateness: 10m
    late_rows: too_late
    aggregate:
      flights: count()
      mean_delay: avg(delay + 1)
  worst_first:
    from: per_airport
    top: {n: 3, by: [mean_delay desc, flights], per: window_end}
sinks:
  delays:
    from: worst_first
    connector: seen
    limit: 5
)";

TEST_CASE("a topology is read as it is written", "[unit][config]") {
  const auto loaded = load(kWhole);
  CAPTURE(places(loaded.errors));
  REQUIRE(loaded.errors.empty());
  const auto& topology = loaded.topology;
  CHECK(topology.graph.job == "airport_delays");
  CHECK(topology.parallelism == 2u);
  CHECK(topology.checkpoints.directory == "state/");
  CHECK(topology.checkpoints.interval == std::chrono::seconds{10});
  CHECK(topology.checkpoints.retained == 3);
  CHECK(topology.restart.policy == RestartSpec::Policy::fixed);
  CHECK(topology.restart.attempts == 5);
  REQUIRE(topology.graph.nodes.size() == 5);

  const auto& source = std::get<SourceNode>(topology.graph.nodes[0].what);
  CHECK(*source.source->schema() == Schema{{{"date", types::timestamp, true},
                                            {"origin", types::string, false},
                                            {"destination", types::string, true},
                                            {"delay", types::int64, true}}});
  CHECK(source.time_column == "date");
  CHECK(source.watermark->delay == std::chrono::minutes{5});
  CHECK(source.watermark->idle == std::chrono::seconds{45});

  const auto& filter =
      std::get<FilterSpec>(std::get<OperatorNode>(topology.graph.nodes[1].what).spec);
  CHECK(filter.condition.text == "delay > 15 AND origin <> destination");
  CHECK(filter.condition.place.line == 20);
  CHECK(filter.condition.place.column == 13);

  const auto& window =
      std::get<WindowAggregateSpec>(std::get<OperatorNode>(topology.graph.nodes[2].what).spec);
  REQUIRE(window.keys.size() == 2);
  CHECK(window.keys[1].name == "destination");
  const auto& hopping = std::get<HoppingWindow>(window.window);
  CHECK(hopping.size == std::chrono::hours{1});
  CHECK(hopping.slide == std::chrono::minutes{10});
  CHECK(window.lateness == std::chrono::minutes{10});
  REQUIRE(window.aggregates.size() == 2);
  CHECK(window.aggregates[0].function == "count");
  CHECK_FALSE(window.aggregates[0].argument);
  CHECK(window.aggregates[1].function == "avg");
  CHECK(window.aggregates[1].argument->text == "delay + 1");
  CHECK(topology.graph.nodes[2].side_outputs.at(1) == "too_late");

  const auto& top = std::get<TopSpec>(std::get<OperatorNode>(topology.graph.nodes[3].what).spec);
  CHECK(top.n == 3);
  REQUIRE(top.by.size() == 2);
  CHECK(top.by[0].column == "mean_delay");
  CHECK(top.by[0].descending);
  CHECK_FALSE(top.by[1].descending);
  CHECK(top.per == std::vector<std::string>{"window_end"});
}

TEST_CASE("several files make one job", "[unit][config]") {
  const auto files = make_posix_file_system();
  const auto loaded = load_topology(
      {{"sources.yaml", "job: shared\nsources:\n  a: {connector: rows, schema: {x: int64}}\n"},
       {"team.yaml", "sinks:\n  out: {from: a, connector: seen}\n"}},
      fake_connectors(), {}, *files);
  CAPTURE(places(loaded.errors));
  REQUIRE(loaded.errors.empty());
  CHECK(loaded.topology.graph.job == "shared");
  CHECK(loaded.topology.graph.nodes.size() == 2);
}

TEST_CASE("a job without a name is called after its file", "[unit][config]") {
  CHECK(load("sinks: {}\n").topology.graph.job == "job");
}

TEST_CASE("every verb has its form", "[unit][config]") {
  const auto loaded = load(R"(
sources:
  a: {connector: rows, schema: {x: int64, y: string}}
  b: {connector: rows, schema: {x: int64, y: string}}
steps:
  chosen: {from: a, select: {z: x + 1, y: upper(y)}}
  short: {from: a, select: [x, y]}
  wider: {from: a, with: {z: x * 2}}
  fewer: {from: a, drop: y}
  other: {from: a, rename: {x: u, y: v}}
  both: {union: [a, b]}
sinks:
  out: {from: both, connector: seen}
)");
  CAPTURE(places(loaded.errors));
  REQUIRE(loaded.errors.empty());
  const auto spec = [&](std::size_t i) {
    return std::get<OperatorNode>(loaded.topology.graph.nodes[i].what).spec;
  };
  CHECK(std::get<ProjectSpec>(spec(2)).columns[0].expression.text == "x + 1");
  CHECK(std::get<ProjectSpec>(spec(3)).columns[1].name == "y");
  CHECK(std::get<ProjectSpec>(spec(4)).keep_input);
  CHECK(std::get<DropSpec>(spec(5)).columns == std::vector<std::string>{"y"});
  CHECK(std::get<RenameSpec>(spec(6)).names[1] == std::pair<std::string, std::string>{"y", "v"});
  CHECK(std::holds_alternative<UnionSpec>(spec(7)));
  CHECK(loaded.topology.graph.nodes[7].inputs.size() == 2);
}

TEST_CASE("columns that are no words stand in double quotes", "[unit][config]") {
  auto loaded = load(R"(
sources:
  a: {connector: rows, schema: {my key: string, 'a "b"': int64, Ä: int64, at: timestamp},
      event_time: at, watermark: 1s}
steps:
  chosen: {from: a, select: ['"my key"', '"a ""b"""', '"Ä"', at]}
  per: {from: chosen, key_by: ['"my key"'], window: {tumbling: 1h}, aggregate: {'the worst': 'max("a ""b""")'}}
  best: {from: per, top: {n: 1, by: ['"the worst"  DESC', '"my key"'], per: ['window_end', '"my key"']}}
sinks:
  o: {from: best, connector: seen}
)");
  CAPTURE(places(loaded.errors));
  REQUIRE(loaded.errors.empty());
  const auto validation = validate(std::move(loaded.topology.graph));
  CAPTURE(places(validation.errors));
  REQUIRE(validation.graph);
  const auto& schema = *validation.graph->resolved[3].ports[0].schema;
  CHECK(schema.field(0).name == "my key");
  CHECK(schema.field(3).name == "the worst");
  const auto& top =
      std::get<TopSpec>(std::get<OperatorNode>(validation.graph->graph.nodes[3].what).spec);
  CHECK(top.by[0].column == "the worst");
  CHECK(top.by[0].descending);
  CHECK_FALSE(top.by[1].descending);
  CHECK(plan(*validation.graph, {2, 128, {}, {}, true}));
}

TEST_CASE("what only looks like a quoted column is none", "[unit][config]") {
  for (const std::string by : {"\"a", "\"a\"b\"", "\"\"", "\"a\"desc", "\"a\" down", "a b", ""}) {
    CAPTURE(by);
    const auto errors =
        load(
            "sources:\n  a: {connector: rows, schema: {a: int64}}\nsteps:\n  t: {from: "
            "a, top: {n: 1, by: '" +
            by +
            "'}}\nsinks:\n  o: {from: t, connector: "
            "seen}\n")
            .errors;
    CHECK(places(errors) == std::vector<std::string>{"4:33 bad_value"});
  }
}

}  // namespace
}  // namespace flow::testing
