#include "graphs.hpp"

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

}  // namespace
}  // namespace flow::testing
