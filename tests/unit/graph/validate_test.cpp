#include "graphs.hpp"

#include "flow/connector/dead_letter.hpp"
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

TEST_CASE("a column that is missing is missing in a node or a side output", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights, "at")
      .step("late", {"flights"}, FilterSpec{{"dely > 15", {"g.yaml", 2, 20, 0}}})
      .step("less", {"flights"}, DropSpec{{"orgin"}})
      .step("per", {"flights"}, per_origin())
      .late("too_late")
      .step("seen", {"too_late"}, FilterSpec{{"n > 1", {"g.yaml", 5, 20, 0}}})
      .sink("out", "late");
  const auto errors = validate(graph.get()).errors;
  REQUIRE(lines(errors) == Lines{"2 unknown_column", "3 unknown_column", "5 unknown_column"});
  CHECK(errors[0].message() == "no column 'dely' in 'flights'");
  CHECK(errors[0].notes().front() == "columns of 'flights': at, origin, delay, extra");
  CHECK(errors[0].remedy() == "did you mean 'delay'?");
  CHECK(errors[1].message() == "no column 'orgin' in 'flights'");
  CHECK(errors[1].notes().front() ==
        "columns of 'flights': at, origin, delay, extra      did you mean 'origin'?");
  CHECK(errors[2].message() == "no column 'n' in 'too_late'");
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

TEST_CASE("each of several cycles is named, and none twice", "[unit][graph]") {
  Graph graph;
  graph.step("a", {"b"}, FilterSpec{{"true"}})
      .step("b", {"a"}, FilterSpec{{"true"}})
      .step("c", {"d", "a"}, UnionSpec{})
      .step("d", {"c"}, FilterSpec{{"true"}})
      .step("self", {"self"}, FilterSpec{{"true"}})
      .step("after", {"d"}, FilterSpec{{"true"}})
      .sink("out", "after");
  const auto errors = validate(graph.get()).errors;
  CHECK(lines(errors) == Lines{"1 cycle", "3 cycle", "5 cycle"});
  CHECK(errors[0].message() == "nodes form a cycle: a → b → a");
  CHECK(errors[1].message() == "nodes form a cycle: c → d → c");
  CHECK(errors[2].message() == "nodes form a cycle: self → self");
}

TEST_CASE("what reads a filter with a mistake is checked", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights)
      .step("late", {"flights"}, FilterSpec{{"dely > 1"}})
      .step("odd", {"late"}, FilterSpec{{"delai % 2 = 1"}})
      .sink("out", "odd");
  const auto validation = validate(graph.get());
  REQUIRE(validation.errors.size() == 2);
  CHECK(validation.errors[0].message() == "no column 'dely' in 'flights'");
  CHECK(validation.errors[1].message() == "no column 'delai' in 'late'");
  CHECK_FALSE(validation.graph);
}

TEST_CASE("a stand-in has columns but is no graph to run", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).sink("out", "flights");
  auto with = graph.get();
  std::get<SourceNode>(with.nodes[0].what).stand_in = true;
  const auto validation = validate(with);
  CHECK(validation.errors.empty());
  CHECK_FALSE(validation.graph);
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

TEST_CASE("dead letters are a sink that reads every source that asks for it", "[unit][graph]") {
  Graph graph;
  graph.source("a", kFlights)
      .on_error(OnError::dead_letter)
      .source("b", kFlights)
      .source("c", kFlights)
      .on_error(OnError::dead_letter)
      .step("all", {"a", "b", "c"}, UnionSpec{})
      .sink("out", "all")
      .sink("dead_letters", "")
      .as_dead_letters();
  const auto result = validate(graph.get());
  CAPTURE(lines(result.errors));
  REQUIRE(result.graph);
  CHECK(result.warnings.empty());
  const auto& nodes = result.graph->graph.nodes;
  REQUIRE(nodes.size() == 6);
  REQUIRE(nodes[5].inputs.size() == 2);
  CHECK(nodes[5].inputs[0].name == "a.dead_letters");
  CHECK(nodes[5].inputs[1].name == "c.dead_letters");
  CHECK(result.graph->resolved[0].ports.size() == 2);
  CHECK(result.graph->resolved[1].ports.size() == 1);
  CHECK(*result.graph->resolved[0].ports[1].schema == *dead_letter_schema());
  CHECK(result.graph->resolved[5].sink != nullptr);
}

TEST_CASE("dead letters without a sink, and a sink without dead letters, are noticed",
          "[unit][graph]") {
  Graph nowhere;
  nowhere.source("flights", kFlights).on_error(OnError::dead_letter).sink("out", "flights");
  const auto errors = validate(nowhere.get()).errors;
  REQUIRE(lines(errors) == Lines{"1 missing_key"});
  CHECK_THAT(errors[0].remedy(), Catch::Contains("dead_letters: {connector: file"));

  Graph unused;
  unused.source("flights", kFlights)
      .sink("out", "flights")
      .sink("dead_letters", "")
      .as_dead_letters();
  const auto result = validate(unused.get());
  CHECK(result.errors.empty());
  CHECK(lines(result.warnings) == Lines{"3 nothing_to_do"});

  Graph taken;
  taken.source("flights", kFlights)
      .on_error(OnError::dead_letter)
      .sink("dead_letters", "flights")
      .sink("dead_letters", "")
      .as_dead_letters();
  CHECK(lines(validate(taken.get()).errors) == Lines{"3 duplicate_name"});

  // Dead letters alone are no purpose, and nobody reads the rows.
  Graph alone;
  alone.source("flights", kFlights)
      .on_error(OnError::dead_letter)
      .sink("dead_letters", "")
      .as_dead_letters();
  const auto purposeless = validate(alone.get());
  CHECK(lines(purposeless.errors) == Lines{"0 nothing_to_do"});
  CHECK(lines(purposeless.warnings) == Lines{"1 nothing_to_do"});
}

TEST_CASE("an unread output is a warning", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).source("other", kFlights).sink("out", "flights");
  const auto result = validate(graph.get());
  CHECK(result.graph);
  CHECK(lines(result.warnings) == Lines{"2 nothing_to_do"});
}

TEST_CASE("no two sinks claim the same, dead letters included", "[unit][graph]") {
  Graph graph;
  graph.source("flights", kFlights).on_error(OnError::dead_letter);
  graph.sink("dead_letters", "", false, "here").as_dead_letters();
  graph.sink("one", "flights", false, "here")
      .sink("other", "flights", false, "there")
      .sink("anywhere", "flights")
      .sink("also_anywhere", "flights")
      .sink("two", "flights", false, "there");
  const auto errors = validate(graph.get()).errors;
  REQUIRE(lines(errors) == Lines{"2 same_output", "6 same_output"});
  CHECK(errors[0].message() == "'one' and 'dead_letters' write to the same place");
  CHECK(errors[1].message() == "'other' and 'two' write to the same place");
  CHECK(errors[1].notes().front() == "'other' is at g.yaml:3");
}

}  // namespace
}  // namespace flow::testing
