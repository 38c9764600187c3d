#include "flow/graph/plan_difference.hpp"

#include "graphs.hpp"

#include "support/catch.hpp"

namespace flow::testing {
namespace {

using Sentences = std::vector<std::string>;

std::string planned(const Graph& graph, std::uint32_t parallelism = 2,
                    std::uint32_t key_groups = 128) {
  auto result = validate(graph.get());
  REQUIRE(result.graph);
  PlanOptions options;
  options.parallelism = parallelism;
  options.key_groups = key_groups;
  auto made = plan(*result.graph, options);
  REQUIRE(made);
  return made->to_json();
}

Graph late(const std::string& condition = "delay > 15", std::vector<Field> fields = kFlights) {
  Graph graph;
  graph.source("flights", std::move(fields), "at")
      .step("late", {"flights"}, FilterSpec{{condition}})
      .sink("out", "late");
  return graph;
}

Graph keyed(const std::string& key = "origin") {
  Graph graph;
  graph.source("flights", kFlights, "at")
      .step("per", {"flights"}, per_origin(key))
      .sink("out", "per");
  return graph;
}

TEST_CASE("equal plans do not differ", "[unit][graph]") {
  CHECK(plan_differences(planned(late()), planned(late())).empty());
  CHECK(plan_differences(planned(keyed()), planned(keyed())).empty());
}

TEST_CASE("what a step does is quoted before and after", "[unit][graph]") {
  CHECK(plan_differences(planned(late()), planned(late("delay > 30"))) ==
        Sentences{"`filter` of 'late' was delay > 15 and is delay > 30"});
  const auto keys = plan_differences(planned(keyed()), planned(keyed("lower(origin)")));
  REQUIRE_FALSE(keys.empty());
  CHECK(keys.front() ==
        R"x(`key_by` of 'per' was {"origin":"origin"} and is {"origin":"lower(origin)"})x");
}

TEST_CASE("nodes that come and go are named, and who reads others now", "[unit][graph]") {
  Graph more;
  more.source("flights", kFlights, "at")
      .step("late", {"flights"}, FilterSpec{{"delay > 15"}})
      .step("odd", {"late"}, FilterSpec{{"delay % 2 = 1"}})
      .sink("out", "odd");
  CHECK(plan_differences(planned(late()), planned(more)) ==
        Sentences{"step 'odd' is new", "'out' read 'late' and reads 'odd'"});
  CHECK(plan_differences(planned(more), planned(late())) ==
        Sentences{"step 'odd' is gone", "'out' read 'odd' and reads 'late'"});
}

TEST_CASE("parallelism is said once, whatever parts it makes", "[unit][graph]") {
  CHECK(plan_differences(planned(late(), 2), planned(late(), 4)) ==
        Sentences{"the parallelism was 2 and is 4"});
  CHECK(plan_differences(planned(keyed(), 1), planned(keyed(), 3)) ==
        Sentences{"the parallelism was 1 and is 3"});
  auto one = late();
  one.parallelism(1);
  CHECK(plan_differences(planned(late(), 2), planned(one, 2)) ==
        Sentences{"the parallelism of 'out' was 2 and is 1"});
  CHECK(plan_differences(planned(late(), 2, 128), planned(late(), 2, 64)) ==
        Sentences{"key_groups was 128 and is 64"});
}

TEST_CASE("columns are compared one by one", "[unit][graph]") {
  auto fields = kFlights;
  fields[2].type = types::int64;
  fields.back().name = "more";
  const auto said = plan_differences(planned(late()), planned(late("delay > 15", fields)));
  CHECK(said == Sentences{"column 'delay' of 'flights' was int32 and is int64",
                          "column 'extra' of 'flights' is gone",
                          "column 'more' of 'flights' is new",
                          "column 'delay' of 'out' was int32 and is int64",
                          "column 'extra' of 'out' is gone", "column 'more' of 'out' is new"});
  fields = kFlights;
  std::swap(fields[1], fields[3]);
  CHECK(plan_differences(planned(late()), planned(late("delay > 15", fields))).front() ==
        "the columns of 'flights' are in another order");
}

TEST_CASE("a plan that another version wrote says nothing", "[unit][graph]") {
  for (const auto* text : {"", "{", "[]", "{}", "7", R"({"key_groups": 1, "chains": [{}]})",
                           R"({"key_groups": 1, "chains": [{"links": [{"name": 3}]}]})",
                           R"({"key_groups": 1, "chains": 5, "edges": null})"}) {
    CAPTURE(text);
    CHECK(plan_differences(text, text).empty());
    CHECK(plan_differences(text, planned(late())).size() <= 10);
  }
}

TEST_CASE("numbers that are none, any depth and any length do no harm", "[unit][graph]") {
  for (const auto* number : {"1e300", "-1", "true", "\"2\"", "99999999999999999999"}) {
    auto text = planned(late());
    const auto at = text.find("\"parallelism\":") + 14;
    text.replace(at, text.find_first_of(",}", at) - at, number);
    CAPTURE(text);
    CHECK(plan_differences(text, planned(late())).empty());
  }
  const std::string deep(200'000, '[');
  CHECK(plan_differences(deep, planned(late())).empty());
  CHECK(plan_differences(R"({"key_groups": )" + deep + std::string(200'000, ']') + "}",
                         planned(late()))
            .empty());
  const auto said = plan_differences(planned(late("origin <> '" + std::string(10'000, 'x') + "'")),
                                     planned(late()));
  REQUIRE(said.size() == 1);
  CHECK(said.front().size() < 200);
}

}  // namespace
}  // namespace flow::testing
