#include "load.hpp"

#include "support/catch.hpp"

namespace flow::testing {
namespace {

using Places = std::vector<std::string>;

/// A topology that is right but for one step.
LoadedTopology with_step(const std::string& step) {
  return load(
      "sources:\n  a: {connector: rows, schema: {x: int64, at: timestamp}, event_time: at, "
      "watermark: 1s}\nsteps:\n  s: " +
      step + "\nsinks:\n  o: {from: s, connector: seen}\n");
}

TEST_CASE("text that is not YAML is refused where the parser stopped", "[unit][config]") {
  CHECK(places(load("job: [1, 2\nsinks: {}\n").errors) == Places{"2:6 yaml_syntax"});
  CHECK(places(load("a: 1\n\tb: 2\n").errors).size() == 1);
  CHECK(places(load("").errors) == Places{"0:0 missing_key"});
  CHECK(places(load("--- {}\n--- {}\n").errors) == Places{"2:1 yaml_syntax"});
  CHECK(places(load("a: 1\n...\nb: 2\n").errors) == Places{"3:1 yaml_syntax"});
}

TEST_CASE("the key null and its value null are words", "[unit][config]") {
  const auto options = [](const std::string& text) {
    return load(
               "sources:\n  a: {connector: rows, schema: {x: int64}}\nsinks:\n  o:\n    from: a\n  "
               "  connector: seen\n    " +
               text + "\n")
        .errors;
  };
  for (const auto* text :
       {"null: \"\"", "null: NA", "null: NULL", "null: null", "format: {type: csv, null: NA}",
        "format: {null: NULL}", "format: {null : null, type: csv}"}) {
    CAPTURE(text);
    CHECK(options(text).empty());
  }
  CHECK(places(options("~: x")) == Places{"7:5 yaml_syntax"});
  CHECK(places(options("limit:\n    null: x")) == Places{"8:5 bad_option"});
  CHECK(places(options("limit: null")) == Places{"7:12 bad_option"});
}

TEST_CASE("a stray bracket or comma is refused where it stands, wherever it stands",
          "[unit][config]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {",", "1:1"},
      {"]", "1:1"},
      {"}", "1:1"},
      {",,", "1:1"},
      {"\n\n  ,", "3:3"},
      {"# nothing\n,\n", "2:1"},
      {", a: b", "1:1"},
      {"] a: b", "1:1"},
      {"--- ,", "1:5"},
      {"!t ,", "1:4"},
      {"&a ,", "1:4"},
      {"- ,", "1:3"},
      {"- - ,", "1:5"},
      {"- [1] ,", "1:7"},
      {"? ,", "1:3"},
      {"a: ,", "1:4"},
      {"a: 1\n,\n", "2:1"},
      {"a: 1\n]\n", "2:1"},
      {"a: 1\n}\n", "2:1"},
      {"a: 1\n, b: 2\n", "2:1"},
      {"a:\n  b: 1\n  , c: 2\n", "3:3"},
      {"a: {b: 1},\nc: 2\n", "1:10"},
      {"a: {b: 1}}\nc: 2\n", "1:10"},
      {"a: [1]]\nc: 2\n", "1:7"},
      {"a: [1}\n", "1:6"},
      {"a: {b: 1]\n", "1:9"},
      {"[1],", "1:4"},
      {"[1] x", "1:5"},
      {"[1]\n, 2\n", "2:1"},
      {"'a' 'b'", "1:5"},
      {"{a: 1}, {b: 2}", "1:7"},
  };
  for (const auto& [text, place] : cases) {
    CAPTURE(text);
    CHECK(places(load(text).errors) == Places{place + " yaml_syntax"});
  }
}

TEST_CASE("text that repeats without end is refused", "[unit][config]") {
  const auto repeat = [](std::size_t times, const std::string& piece) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
  };
  for (const std::string piece :
       {",",     "[",    "{",     "]",   "}",      ", ", ",\n", "- ",  "? ",  ": ",
        "[[],",  "[a: ", "{a: {", "[1,", "[a: b,", "!t", "&a ", "*a ", "[] ", "'a' ",
        "---\n", "[\n",  "{\n",   "? [", "%",      "|",  "\"'", "`",   "@ ",  "- - ,\n"}) {
    CAPTURE(piece);
    const auto text = repeat(1'000, piece);
    CHECK_FALSE(load(text).errors.empty());
    CHECK_FALSE(load("job: j\nsources:\n  " + text).errors.empty());
    CHECK_FALSE(load("job: j\nsources: {a: [" + text).errors.empty());
  }
  for (const std::string piece : {"[", "{"}) {
    const auto errors = load("a: " + repeat(100'000, piece)).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors.front().code() == Errc::too_complex);
    CHECK(errors.front().where().line == 1);
  }
  std::string stairs;
  for (std::size_t i = 0; i < 100; ++i) stairs += std::string(i, ' ') + "a:\n";
  CHECK(places(load(stairs).errors) == Places{"65:65 too_complex"});
  const auto many = load(repeat(200'000, "-\n")).errors;
  REQUIRE(many.size() == 1);
  CHECK(many.front().code() == Errc::too_complex);
  CHECK(places(load(std::string((1u << 20) + 1, '#')).errors) == Places{"0:0 too_complex"});
}

TEST_CASE("every mistake is reported, not only the first", "[unit][config]") {
  const auto loaded = load(R"(job: j
paralelism: 2
sources:
  a: {conector: rows, schema: {x: int64}}
  b: {connector: rows, schema: {x: int46}}
steps:
  s: {from: a}
sinks:
  o: {from: s, connector: sen}
)");
  CHECK(places(loaded.errors) == Places{"4:6 missing_key", "5:36 bad_value", "7:3 wrong_verb_count",
                                        "9:27 unknown_connector", "2:1 unknown_key"});
}

/// What is wrong with a topology, from the text to the shapes.
Places all_places(const std::string& text) {
  auto loaded = load(text);
  auto found = places(loaded.errors);
  for (auto& place : places(validate(std::move(loaded.topology.graph)).errors))
    found.push_back(std::move(place));
  return found;
}

TEST_CASE("a mistake in a source hides none behind it, and makes none up", "[unit][config]") {
  const auto source = [](const std::string& text) {
    return all_places("sources:\n  a: {" + text + R"(}
steps:
  f: {from: a, filter: dely > 1}
  w: {from: f, window: {tumbling: 1h}, aggregate: {n: count(), worst: max(x)}}
  t: {from: w, top: {n: 1, by: worst desc, per: window_end}}
  g: {from: t, filter: wurst > 1}
sinks:
  o: {from: g, connector: seen, limmit: 1, limit: none}
)");
  };
  const Places behind{"4:24 unknown_column", "7:24 unknown_column", "9:41 unknown_option",
                      "9:51 bad_option"};
  const auto with = [&](const std::string& first) {
    Places all{first};
    all.insert(all.end(), behind.begin(), behind.end());
    return all;
  };
  const std::string columns = "schema: {x: int64, at: timestamp}, ";
  const std::string time = "event_time: at, watermark: 1s";
  CHECK(source("connector: rows, " + columns + time) == behind);
  CHECK(source("connector: rows, count: many, " + columns + time) == with("2:31 bad_option"));
  CHECK(source("connector: rows, cuont: 1, " + columns + time) == with("2:31 unknown_option"));
  CHECK(source("connector: rwos, " + columns + time) == with("2:18 unknown_connector"));
  CHECK(source("connector: rows, " + columns + "event_time: at, watermark: soon") ==
        with("2:86 bad_value"));
  CHECK(source("connector: rows, " + columns + "event_time: ta, watermark: 1s") ==
        with("2:71 bad_value"));
  // Columns that are not known: nothing is said of their use, but of what cannot depend on them.
  auto found = source("connector: rows, cuont: 1, schema: {x: int46, at: timestamp}, " + time);
  CHECK(found ==
        Places{"2:46 bad_value", "2:31 unknown_option", "9:41 unknown_option", "9:51 bad_option"});
  // No timestamp that could have been meant.
  found = source("connector: rows, schema: {x: int64}, event_time: x, watermark: 1s");
  CHECK(found ==
        Places{"2:56 bad_value", "4:24 unknown_column", "9:41 unknown_option", "9:51 bad_option"});
}

TEST_CASE("a mistake in a step hides none that does not depend on it", "[unit][config]") {
  const auto steps = [](const std::string& text) {
    return all_places("sources:\n  a: {connector: rows, schema: {x: int64}}\nsteps:\n" + text +
                      "sinks:\n  o: {from: s, connector: seen}\n");
  };
  CHECK(steps("  r: {from: a, filter: x > 1, paralelism: 2}\n  s: {from: r, filter: y > 1}\n") ==
        Places{"4:31 unknown_key", "5:24 unknown_column"});
  CHECK(steps("  r: {from: a, with: {y: z}}\n  s: {from: r, filter: y >}\n") ==
        Places{"4:26 unknown_column", "5:27 syntax_error"});
  CHECK(steps("  r: {from: a, with: {y: z}}\n  s: {from: r, filter: q > 1}\n") ==
        Places{"4:26 unknown_column"});
  CHECK(steps("  r: {from: a, filter: x > 1, drop: x, late_rows: l}\n  s: {from: l, drop: q}\n") ==
        Places{"4:3 wrong_verb_count"});
}

TEST_CASE("a sink is asked for its options whatever else is wrong with it", "[unit][config]") {
  CHECK(all_places("sources:\n  a: {connector: rows, schema: {x: int64}}\nsinks:\n  o: {connector: "
                   "seen, limmit: 1}\n") == Places{"4:6 missing_key", "4:32 unknown_option"});
  CHECK(all_places("sources:\n  a: {connector: rows, schema: {x: int64}}\nsinks:\n  o: {from: b, "
                   "connector: seen, limit: none}\n") ==
        Places{"4:13 unknown_input", "4:40 bad_option"});
}

TEST_CASE("dead letters of a source with mistakes can be read", "[unit][config]") {
  CHECK(all_places("dead_letters: {connector: seen}\nsources:\n  a: {connector: rows, on_error: "
                   "dead_letter}\nsinks:\n  o: {from: a.dead_letters, connector: seen}\n") ==
        Places{"3:6 missing_key"});
}

TEST_CASE("a wrong word comes with the nearest right one", "[unit][config]") {
  const auto errors = with_step("{from: a, fliter: x > 1}").errors;
  REQUIRE(errors.size() == 2);
  CHECK(errors[1].code() == Errc::unknown_key);
  CHECK_THAT(errors[1].notes().back(), Catch::Contains("lateness") || Catch::Contains("from"));
  const auto window = with_step("{from: a, window: {tumblin: 1h}, aggregate: {n: count()}}").errors;
  REQUIRE_FALSE(window.empty());
  CHECK_THAT(window.front().notes().back(), Catch::Contains("did you mean 'tumbling'?"));
}

TEST_CASE("a step has one verb", "[unit][config]") {
  CHECK(places(with_step("{from: a, filter: x > 1, drop: x}").errors) ==
        Places{"4:3 wrong_verb_count"});
  CHECK(places(with_step("{from: a, join: {left: a, right: a}}").errors) ==
        Places{"4:22 wrong_verb_count"});
  CHECK(places(with_step("{filter: x > 1}").errors) == Places{"4:3 missing_key"});
  CHECK(places(with_step("[a]").errors) == Places{"4:6 bad_value"});
}

TEST_CASE("aggregates, windows and tops are checked in form", "[unit][config]") {
  CHECK(places(with_step("{from: a, aggregate: {n: count()}}").errors) ==
        Places{"4:3 missing_key"});
  CHECK(places(with_step("{from: a, window: {session: 5m}, aggregate: {n: count()}}").errors)
            .size() == 1);
  CHECK(places(with_step("{from: a, window: {tumbling: soon}, aggregate: {n: count()}}").errors) ==
        Places{"4:35 bad_value"});
  CHECK(places(with_step("{from: a, window: {hopping: {size: 1h}}, aggregate: {n: count()}}")
                   .errors) == Places{"4:34 missing_key"});
  CHECK(places(with_step("{from: a, window: {tumbling: 1h}, aggregate: {}}").errors) ==
        Places{"4:51 bad_value"});
  CHECK(
      places(with_step("{from: a, key_by: x + 1, window: {tumbling: 1h}, aggregate: {n: count()}}")
                 .errors) == Places{"4:24 bad_value"});
  CHECK(places(with_step("{from: a, top: {n: 0, by: x}}").errors) == Places{"4:25 bad_value"});
  CHECK(places(with_step("{from: a, top: {n: 1, by: x down}}").errors) == Places{"4:32 bad_value"});
}

TEST_CASE("sources are checked against their schema", "[unit][config]") {
  const auto source = [](const std::string& more) {
    return places(load("sources:\n  a: {connector: rows, schema: {x: int64, at: timestamp}" + more +
                       "}\nsinks:\n  o: {from: a, connector: seen}\n")
                      .errors);
  };
  CHECK(source("").empty());
  CHECK(source(", event_time: ta") == Places{"2:71 bad_value"});
  CHECK(source(", event_time: x") == Places{"2:71 bad_value"});
  CHECK(source(", watermark: 5s") == Places{"2:70 missing_key"});
  CHECK(source(", event_time: at, watermark: -5s") == Places{"2:86 bad_value"});
  CHECK(source(", on_error: ignore") == Places{"2:69 bad_value"});
  CHECK(source(", on_error: dead_letter").empty());
  CHECK(source(", cuont: 5") == Places{"2:66 unknown_option"});
  CHECK(source(", count: many") == Places{"2:66 bad_option"});
  CHECK(source(", parallelism: 0") == Places{"2:72 bad_value"});
}

TEST_CASE("the sink of dead letters is read like any other", "[unit][config]") {
  const auto text = [](const std::string& letters, const std::string& policy) {
    return "dead_letters: " + letters +
           "\nsources:\n  a: {connector: rows, schema: {x: int64}, on_error: " + policy +
           "}\nsinks:\n  o: {from: a, connector: seen}\n";
  };
  CHECK(load(text("{connector: seen}", "dead_letter")).errors.empty());
  CHECK(places(load(text("{connector: saw}", "dead_letter")).errors) ==
        Places{"1:27 unknown_connector"});
  CHECK(places(load(text("{path: x}", "dead_letter")).errors) == Places{"1:15 missing_key"});
  const auto made = [&](const std::string& letters, const std::string& policy) {
    return places(validate(load(text(letters, policy)).topology.graph).errors);
  };
  CHECK(made("{connector: seen}", "dead_letter").empty());
  CHECK(made("{connector: seen, sngle: true}", "dead_letter") == Places{"1:40 unknown_option"});
  CHECK(made("{connector: seen, sngle: true}", "fail") == Places{"1:40 unknown_option"});
  // Asked for, but nowhere to go.
  CHECK(places(validate(load("sources:\n  a: {connector: rows, schema: {x: int64}, on_error: "
                             "dead_letter}\nsinks:\n  o: {from: a, connector: seen}\n")
                            .topology.graph)
                   .errors) == Places{"2:3 missing_key"});
}

TEST_CASE("a connector that cannot write is no sink", "[unit][config]") {
  CHECK(places(load("sinks:\n  o: {from: a, connector: rows}\n").errors) ==
        Places{"2:27 wrong_direction"});
}

TEST_CASE("keys given twice are refused, in one mapping and over files", "[unit][config]") {
  CHECK(places(load("sinks:\n  o: {from: a, connector: seen}\n  o: {from: b, connector: seen}\n")
                   .errors) == Places{"3:3 duplicate_name"});
  const auto files = make_posix_file_system();
  const auto loaded = load_topology({{"a.yaml", "job: one\n"}, {"b.yaml", "job: two\n"}},
                                    fake_connectors(), {}, *files);
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].where() == SourcePlace{"b.yaml", 1, 6, 3});
}

TEST_CASE("hostile files are refused without harm", "[unit][config]") {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "[";
  CHECK_FALSE(load(deep).errors.empty());
  CHECK(places(load("sinks: " + std::string(100, '[') + std::string(100, ']')).errors)
            .front()
            .find("too_complex") != std::string::npos);
  // Aliases of aliases: 10^9 values from 200 bytes.
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const auto before = static_cast<char>(c - 1);
    bomb += std::string{c} + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string{i == 0 ? "" : ","} + "*" + before;
    bomb += "]\n";
  }
  CHECK(places(load(bomb).errors).front().find("too_complex") != std::string::npos);
  CHECK(places(load(std::string(5u << 20, '#')).errors) == Places{"0:0 too_complex"});
}

TEST_CASE("an error shows the line with the words underlined", "[unit][config]") {
  const std::string text = "sinks:\n  o: {from: a, connector: sen}\n";
  const auto loaded = load(text);
  REQUIRE(loaded.errors.size() == 1);
  CHECK(render(loaded.errors[0], text) ==
        "job.yaml:2:27: error E1210: no connector 'sen'\n"
        "    2 |   o: {from: a, connector: sen}\n"
        "      |                           ^~~\n"
        "   sinks: seen      did you mean 'seen'?\n");
}

}  // namespace
}  // namespace flow::testing
