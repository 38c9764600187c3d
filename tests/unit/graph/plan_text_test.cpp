#include "graphs.hpp"

#include "flow/graph/caveats.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

namespace flow::testing {
namespace {

ExecutionPlan planned(std::int64_t bound, Micros interval = std::chrono::seconds{10}) {
  Graph graph;
  graph.source("a", kFlights, "at")
      .step("some", {"a"}, FilterSpec{{"delay > " + std::to_string(bound)}})
      .step("per", {"some"}, per_origin())
      .sink("out", "per");
  PlanOptions options;
  options.parallelism = 2;
  options.checkpoints.directory = "state";
  options.checkpoints.interval = interval;
  return *plan(*validate(graph.get()).graph, options);
}

TEST_CASE("a plan's fingerprint follows its meaning, not its schedule", "[unit][graph]") {
  CHECK(planned(15).fingerprint() == planned(15).fingerprint());
  CHECK(planned(15).fingerprint() != planned(16).fingerprint());
  CHECK(planned(15).fingerprint() == planned(15, std::chrono::seconds{1}).fingerprint());
}

TEST_CASE("a plan as JSON says what runs where", "[unit][graph]") {
  const auto json = nlohmann::json::parse(planned(15).to_json());
  CHECK(json["chains"].size() == 2);
  CHECK(json["chains"][0]["links"][1]["filter"] == "delay > 15");
  CHECK(json["edges"][0]["exchange"] == "hash");
  CHECK(json["checkpoints"]["interval"] == "10s");
}

TEST_CASE("a plan as text and DOT names every node", "[unit][graph]") {
  const auto plan = planned(15);
  for (const auto* name : {"a", "some", "per", "out"}) {
    CHECK_THAT(to_text(plan), Catch::Contains(name));
    CHECK_THAT(to_dot(plan), Catch::Contains("label=\"" + std::string{name}));
  }
  CHECK_THAT(to_text(plan), Catch::Contains("hash(origin)"));
}

TEST_CASE("a step through an actor is in the plan with the columns of its answers",
          "[unit][graph]") {
  struct Nobody final : PartnerFactory {
    Result<std::unique_ptr<Partner>> open(const OperatorContext&) const override {
      return Error{Errc::internal, "not to be opened"};
    }
  };
  ThroughSpec spec;
  spec.partner = std::make_shared<const Nobody>();
  spec.output = {{"origin", types::string, true}, {"at", types::timestamp, false}};
  Graph graph;
  graph.source("a", kFlights, "at").step("enrich", {"a"}, spec).sink("out", "enrich");
  const auto valid = validate(graph.get());
  REQUIRE(valid.graph);
  CHECK(valid.graph->resolved[1].ports[0].time_column == "at");
  const auto made = *plan(*valid.graph, {});
  CHECK_THAT(to_text(made), Catch::Contains("through enrich"));
  CHECK_THAT(to_text(made), Catch::Contains("timestamp not null"));
  const auto json = nlohmann::json::parse(made.to_json());
  const auto& link = json["chains"][0]["links"][1];
  CHECK(link["through"] == "actor");
  const auto told = caveats(*valid.graph);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told.front().text, Catch::Contains("'enrich' is an actor"));

  spec.output[1].name = "origin";
  spec.requests = 0;
  Graph wrong;
  wrong.source("a", kFlights, "at").step("enrich", {"a"}, spec).sink("out", "enrich");
  std::vector<Errc> codes;
  for (const auto& error : validate(wrong.get()).errors) codes.push_back(error.code());
  CHECK(codes == std::vector{Errc::bad_through, Errc::duplicate_column});
}

}  // namespace
}  // namespace flow::testing
