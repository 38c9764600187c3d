#include "graphs.hpp"

#include "support/catch.hpp"

namespace flow::testing {
namespace {

/// `line name` of each error.
std::vector<std::string> lines(const std::vector<Error>& errors) {
  std::vector<std::string> result;
  for (const auto& error : errors)
    result.push_back(std::to_string(error.where().line) + " " +
                     std::string{describe(error.code()).name});
  return result;
}
using Lines = std::vector<std::string>;

TEST_CASE("nodes may be declared in any order", "[unit][graph]") {
  Graph graph;
  graph.sink("out", "late")
      .step("late", {"flights"}, FilterSpec{{"delay > 15"}})
      .source("flights", kFlights);
  const auto result = validate(graph.get());
  CAPTURE(lines(result.errors));
  REQUIRE(result.graph);
  CHECK(result.graph->order == std::vector<std::size_t>{2, 1, 0});
  CHECK(*result.graph->resolved[1].ports[0].schema == Schema{kFlights});
}

TEST_CASE("an input that does not exist is named with the nearest one", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).sink("out", "flihgts");
  const auto errors = validate(graph.get()).errors;
  REQUIRE(lines(errors) == Lines{"2 unknown_input"});
  CHECK_THAT(errors[0].notes().front(), Catch::Contains("did you mean 'flights'?"));
}

TEST_CASE("what reads a broken node reports nothing more", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights)
      .step("late", {"flights"}, FilterSpec{{"dely > 15", {"g.yaml", 2, 20, 0}}})
      .step("later", {"late"}, FilterSpec{{"delay > 30"}})
      .sink("out", "later");
  CHECK(lines(validate(graph.get()).errors) == Lines{"2 unknown_column"});
}

TEST_CASE("cycles are named", "[unit][graph]") {
  Graph graph;
  graph.step("a", {"c"}, FilterSpec{{"true"}})
      .step("b", {"a"}, FilterSpec{{"true"}})
      .step("c", {"b"}, FilterSpec{{"true"}})
      .sink("out", "c");
  const auto errors = validate(graph.get()).errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code() == Errc::cycle);
  CHECK_THAT(errors[0].message(),
             Catch::Contains("a → b") && Catch::Contains("b → c") && Catch::Contains("c → a"));
}

TEST_CASE("names are unique over nodes and side outputs, and words", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights, "at")
      .step("per", {"flights"}, per_origin())
      .late("flights")
      .source("2nd", kFlights)
      .sink("per", "per");
  CHECK(lines(validate(graph.get()).errors) ==
        Lines{"2 duplicate_name", "3 bad_name", "4 duplicate_name"});
}

TEST_CASE("sinks cannot be read, and a graph needs one", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).sink("out", "flights").step("s", {"out"}, FilterSpec{{"true"}});
  CHECK(lines(validate(graph.get()).errors) == Lines{"3 unknown_input"});
  Graph sinkless;
  sinkless.source("flights", kFlights);
  CHECK(lines(validate(sinkless.get()).errors) == Lines{"0 nothing_to_do"});
}

TEST_CASE("an event-time window needs a watermark", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).step("per", {"flights"}, per_origin()).sink("out", "per");
  const auto errors = validate(graph.get()).errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].where().line == 2);
}

TEST_CASE("dead letters are refused as long as nobody delivers them", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).sink("out", "flights");
  auto asking = graph.get();
  std::get<SourceNode>(asking.nodes[0].what).on_error = OnError::dead_letter;
  CHECK(lines(validate(asking).errors) == Lines{"1 bad_value"});
}

TEST_CASE("an unread output is a warning", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).source("other", kFlights).sink("out", "flights");
  const auto result = validate(graph.get());
  CHECK(result.graph);
  CHECK(lines(result.warnings) == Lines{"2 nothing_to_do"});
}

}  // namespace
}  // namespace flow::testing
