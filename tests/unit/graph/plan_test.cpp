#include "graphs.hpp"

#include "flow/connector/dead_letter.hpp"
#include "support/catch.hpp"

namespace flow::testing {
namespace {

ExecutionPlan planned(const Graph& graph, std::uint32_t parallelism) {
  auto result = validate(graph.get());
  REQUIRE(result.graph);
  PlanOptions options;
  options.parallelism = parallelism;
  auto made = plan(*result.graph, options);
  REQUIRE(made);
  return *std::move(made);
}

/// `chain × parallelism` with the names of its links.
std::vector<std::string> chains(const ExecutionPlan& plan) {
  std::vector<std::string> result;
  for (const auto& chain : plan.chains) {
    auto text = std::to_string(chain.parallelism) + ":";
    for (const auto& link : chain.links) text += " " + link.name;
    result.push_back(text);
  }
  return result;
}
using Chains = std::vector<std::string>;

const PlannedOperator& op(const ExecutionPlan& plan, std::size_t chain, std::size_t link) {
  return std::get<PlannedOperator>(plan.chains[chain].links[link].what);
}

TEST_CASE("forward steps of equal parallelism are one chain", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights).step("b", {"a"}, FilterSpec{{"delay > 1"}}).sink("out", "b");
  const auto plan = planned(graph, 2);
  CHECK(chains(plan) == Chains{"2: a b out"});
  CHECK(plan.edges.empty());
  CHECK(plan.chains[0].name == "a → b → out");
}

TEST_CASE("columns may be named with the node they come from, also after planning",
          "[unit][graph]") {
  Graph graph;
  auto per = per_origin("lower(late.origin)");
  per.aggregates[1].argument->text = "late.delay";
  graph.source("a", kFlights, "at")
      .step("late", {"a"}, FilterSpec{{"a.delay > 1"}})
      .step("per", {"late"}, per)
      .late("too_late")
      .step("fixed", {"too_late"}, ProjectSpec{{{"more", {"too_late.delay + 1"}}}, false})
      .sink("out", "per")
      .sink("old", "fixed");
  for (const std::uint32_t parallelism : {1u, 2u}) {
    const auto plan = planned(graph, parallelism);
    std::size_t made = 0;
    for (const auto& chain : plan.chains) {
      for (const auto& link : chain.links) {
        const auto* planned_op = std::get_if<PlannedOperator>(&link.what);
        if (planned_op == nullptr) continue;
        CAPTURE(link.name, parallelism);
        CHECK(make_operator(planned_op->spec, planned_op->inputs, planned_op->phase).has_value());
        ++made;
      }
    }
    CHECK(made >= 3);
  }
}

TEST_CASE("a keyed aggregation is split into two phases at an exchange", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights, "at").step("per", {"a"}, per_origin()).sink("out", "per");
  const auto plan = planned(graph, 2);
  CHECK(chains(plan) == Chains{"2: a per.local", "2: per out"});
  REQUIRE(plan.edges.size() == 1);
  CHECK(plan.edges[0].exchange == Exchange::hash);
  CHECK(plan.edges[0].key_columns == std::vector<std::uint32_t>{0});
  CHECK(plan.edges[0].schema->field(0).name == "origin");
  CHECK(op(plan, 0, 1).phase == Phase::local);
  CHECK(op(plan, 1, 0).phase == Phase::global);
}

TEST_CASE("one subtask needs no exchange and no phases", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights, "at").step("per", {"a"}, per_origin()).sink("out", "per");
  const auto plan = planned(graph, 1);
  CHECK(chains(plan) == Chains{"1: a per out"});
  CHECK(op(plan, 0, 1).phase == Phase::single);
}

TEST_CASE("late rows that are read keep their columns: one phase", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights, "at")
      .step("per", {"a"}, per_origin())
      .late("late")
      .sink("out", "per")
      .sink("late_out", "late");
  const auto plan = planned(graph, 3);
  CHECK(chains(plan) == Chains{"3: a", "3: per out late_out"});
  CHECK(op(plan, 1, 0).phase == Phase::single);
  CHECK(plan.edges[0].key_columns == std::vector<std::uint32_t>{1});
}

TEST_CASE("computed keys travel in columns of their own and late rows lose them again",
          "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights, "at")
      .step("per", {"a"}, per_origin("lower(origin)"))
      .late("late")
      .sink("out", "per")
      .sink("late_out", "late");
  const auto plan = planned(graph, 2);
  CHECK(chains(plan) == Chains{"2: a per.keys", "2: per per.late out late_out"});
  CHECK(plan.edges[0].schema->field(plan.edges[0].key_columns.at(0)).name == "flow_key_origin");
  const auto& late_sink = std::get<PlannedSink>(plan.chains[1].links[3].what);
  CHECK(*late_sink.schema == Schema{kFlights});
}

TEST_CASE("a source is asked only for the columns that are needed", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights, "at").step("per", {"a"}, per_origin()).sink("out", "per");
  const auto plan = planned(graph, 1);
  const auto& source = std::get<PlannedSource>(plan.chains[0].links[0].what);
  CHECK(source.source->schema()->size() == 3);
  CHECK_FALSE(source.source->schema()->index_of("extra"));
}

TEST_CASE("what steps name is needed, what nobody names is not", "[unit][graph]") {
  const auto column = [](const char* name) { return Field{name, types::int64, true}; };
  Graph graph;
  graph.source("a", {column("x"), column("y"), column("z"), column("unused"), column("w")})
      .step("r", {"a"}, RenameSpec{{{"y", "u"}}})
      .step("d", {"r"}, DropSpec{{"z"}})
      .step("s", {"d"}, ProjectSpec{{{"sum", {"u + w"}}}, false})
      .sink("out", "s");
  const auto plan = planned(graph, 1);
  const auto& schema = *std::get<PlannedSource>(plan.chains[0].links[0].what).source->schema();
  CHECK(schema == Schema{{column("y"), column("z"), column("w")}});
}

TEST_CASE("a keyless aggregation ends in one subtask", "[unit][graph]") {
  Graph graph;
  auto spec = per_origin();
  spec.keys.clear();
  graph.source("a", kFlights, "at").step("all", {"a"}, spec).sink("out", "all");
  const auto plan = planned(graph, 4);
  CHECK(chains(plan) == Chains{"4: a all.local", "1: all out"});
}

TEST_CASE("dead letters leave behind their source and gather in one subtask", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights)
      .on_error(OnError::dead_letter)
      .step("some", {"a"}, ProjectSpec{{{"delay", {"delay"}}}, false})
      .sink("out", "some")
      .sink("dead_letters", "")
      .as_dead_letters();
  const auto alone = planned(graph, 1);
  CHECK(chains(alone) == Chains{"1: a a.dead_letters some out dead_letters"});
  CHECK(alone.chains[0].links[1].ports.at(0).at(0).index == 4);

  const auto wide = planned(graph, 3);
  CHECK(chains(wide) == Chains{"3: a a.dead_letters some out", "1: dead_letters"});
  REQUIRE(wide.edges.size() == 1);
  CHECK(wide.edges[0].exchange == Exchange::rebalance);
  CHECK(*wide.edges[0].schema == *dead_letter_schema());
  // Letters do not make a source read columns that nobody wants.
  CHECK(std::get<PlannedSource>(wide.chains[0].links[0].what).source->schema()->size() == 1);
  CHECK_THAT(to_text(wide), Catch::Contains("dead letters of a\n") &&
                                Catch::Contains("chain 1 × 1\n  ⇐ chain 0 by rebalance\n  sink "
                                                "dead_letters"));
  CHECK_THAT(wide.to_json(), Catch::Contains("\"dead_letters_of\": \"a\""));
  CHECK_THAT(to_dot(wide), Catch::Contains("c0_0 -> c0_1 [style=dotted]"));
}

TEST_CASE("dead letters of several sources meet in one sink", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights)
      .on_error(OnError::dead_letter)
      .source("b", kFlights)
      .on_error(OnError::dead_letter)
      .step("both", {"a", "b"}, UnionSpec{})
      .sink("out", "both")
      .sink("dead_letters", "")
      .as_dead_letters();
  for (const auto parallelism : {1u, 2u}) {
    const auto plan = planned(graph, parallelism);
    const auto& last = plan.chains.back();
    REQUIRE(last.links.size() == 1);
    CHECK(last.name == "dead_letters");
    CHECK(last.parallelism == 1);
    CHECK(last.links[0].inputs == 2);
  }
}

TEST_CASE("a sink that takes one subtask gathers", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights).sink("out", "a", true);
  const auto plan = planned(graph, 3);
  CHECK(chains(plan) == Chains{"3: a", "1: out"});
  CHECK(plan.edges[0].exchange == Exchange::rebalance);
}

TEST_CASE("a union of two chains starts a new one", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights)
      .source("b", kFlights)
      .step("both", {"a", "b"}, UnionSpec{})
      .sink("out", "both");
  const auto plan = planned(graph, 2);
  CHECK(chains(plan) == Chains{"2: a", "2: b", "2: both out"});
  REQUIRE(plan.edges.size() == 2);
  CHECK(plan.edges[0].exchange == Exchange::forward);
  CHECK(plan.edges[1].to_input == 1);
}

TEST_CASE("parallelism of a node overrides the job's and is bounded", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights)
      .parallelism(1)
      .step("b", {"a"}, FilterSpec{{"true"}})
      .sink("out", "b");
  CHECK(chains(planned(graph, 3)) == Chains{"1: a", "3: b out"});
  auto result = validate(graph.get());
  PlanOptions options;
  options.parallelism = kDefaultKeyGroups + 1;
  CHECK(plan(*result.graph, options).error().code() == Errc::bad_parallelism);
}

}  // namespace
}  // namespace flow::testing
