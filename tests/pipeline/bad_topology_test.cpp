// Topologies that are wrong: what `flowctl check` says, and that `run` starts nothing.
#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>

namespace flow::testing {
namespace {

using Catch::Contains;

constexpr const char* kSource =
    "sources:\n  a: {connector: sequence, count: 10, schema: {n: int64, s: string, at: timestamp}, "
    "event_time: at, watermark: 1s}\n";

TEST_CASE("a wrong topology is refused with place, code and remedy, and nothing runs",
          "[pipeline][bad_input]") {
  const std::string source = kSource;
  const auto step = [&](const std::string& text) {
    return source + "steps:\n  s: " + text +
           "\nsinks:\n  o: {from: s, connector: file, path: OUT}\n";
  };
  struct Case {
    std::string what;
    std::string text;
    std::vector<std::string> said;
  };
  const std::vector<Case> cases{
      {"a bracket that is not closed", "sources: [\n a: {b", {":2:1: error E1201: not valid YAML"}},
      {"a comma and nothing else", ",", {":1:1: error E1201"}},
      {"a tab", "sources:\n\ta: b\n", {"error E1201"}},
      {"no mapping", "- a\n- b\n", {"error E12"}},
      {"an empty file", "", {"error E1203"}},
      {"an unknown key",
       "paralelism: 2\n" + step("{from: a, filter: n > 1}"),
       {":1:1: error E1202: unknown key 'paralelism'", "did you mean 'parallelism'?"}},
      {"an unknown verb",
       step("{from: a, fliter: n > 1}"),
       {":4:16: error E1202", "did you mean 'filter'?", "error E1209: step 's' has no verb"}},
      {"two verbs", step("{from: a, filter: n > 1, drop: s}"), {"error E1209"}},
      {"an unknown option of a connector",
       "sources:\n  a: {connector: sequence, cuont: 3, schema: {n: int64}}\nsinks:\n  o: {from: a, "
       "connector: print}\n",
       {"error E1212", "did you mean 'count'?"}},
      {"an option of another format",
       source + "sinks:\n  o: {from: a, connector: print, format: {type: ndjson, header: true}}\n",
       {"error E1212: 'header' is not an option of format ndjson", "1 error"}},
      {"a bad option beside right ones",
       "sources:\n  a: {connector: datagen, count: x, columns: {s: {prefix: p}}, schema: {s: "
       "string}}\nsinks:\n  o: {from: a, connector: print}\n",
       {"option 'count' must be", "1 error"}},
      {"a variable inside braces",
       "sinks: {o: {from: a, path: ${O}/x}}\n",
       {"error E1201", "quote \"${…}\" inside { }"}},
      {"an expression with a comma inside braces",
       step("{from: a, with: {x: power(10, n)}}"),
       {"error E1204", "quote expressions that hold a comma"}},
      {"an unknown type",
       "sources:\n  a: {connector: sequence, schema: {n: in64}}\nsinks:\n  o: {from: a, connector: "
       "print}\n",
       {":2:40: error E1204", "in64"}},
      {"text plus number", step("{from: a, select: {x: \"s + 1\"}}"), {"error E11", ":4:"}},
      {"a filter that is no condition", step("{from: a, filter: n + 1}"), {":4:24: error E11"}},
      {"an aggregate of text",
       step("{from: a, window: {tumbling: 1s}, aggregate: {x: sum(s)}}"),
       {"error E1646"}},
      {"an unknown column",
       step("{from: a, filter: nn > 1}"),
       {":4:24: error E1104: no column 'nn'", "did you mean 'n'?"}},
      {"an unknown function",
       step("{from: a, filter: uper(s) = 'A'}"),
       {"error E11", "did you mean 'upper'?"}},
      {"a cycle",
       source + "steps:\n  x: {from: y, filter: true}\n  y: {from: x, filter: true}\nsinks:\n  o: "
                "{from: y, connector: print}\n",
       {"error E1208: nodes form a cycle: ", "x → y", "remove one of these inputs"}},
      {"a mistake beside a cycle",
       source +
           "steps:\n  x: {from: y, filter: true}\n  y: {from: x, filter: true}\n  z: {from: a, "
           "filter: nn > 1}\nsinks:\n  o: {from: z, connector: print}\n",
       {"error E1208", "error E1104: no column 'nn'", "2 errors"}},
      {"a name that is used twice",
       source + "steps:\n  a: {from: a, filter: true}\nsinks:\n  o: {from: a, connector: print}\n",
       {":4:3: error E1205: name 'a' is used twice", ":2"}},
      {"a key that stands twice",
       source + "sinks:\n  o: {from: a, connector: print}\n  o: {from: a, connector: print}\n",
       {"error E1205: key 'o' stands twice"}},
      {"two columns of one name", step("{from: a, rename: {n: s}}"), {"error E1610"}},
      {"a tumbling window of length zero",
       step("{from: a, window: {tumbling: 0s}, aggregate: {n: count()}}"),
       {":4:", "error E1219: the size of the window is 0s"}},
      {"a hopping window without slide",
       step("{from: a, window: {hopping: {size: 1h, slide: 0s}}, aggregate: {n: count()}}"),
       {"error E1219: the slide of the window is 0s"}},
      {"a window of negative length",
       step("{from: a, window: {tumbling: -5s}, aggregate: {n: count()}}"),
       {":4:", "error E1204"}},
      {"a window without event time",
       "sources:\n  a: {connector: sequence, schema: {n: int64}}\nsteps:\n  s: {from: a, window: "
       "{tumbling: 1s}, aggregate: {n: count()}}\nsinks:\n  o: {from: s, connector: print}\n",
       {"error E1645", "no event time", "`event_time:` and `watermark:`"}},
      {"a window without watermark",
       "sources:\n  a: {connector: sequence, schema: {at: timestamp}, event_time: at}\nsteps:\n  "
       "s: "
       "{from: a, window: {tumbling: 1s}, aggregate: {n: count()}}\nsinks:\n  o: {from: s, "
       "connector: print}\n",
       {"error E1645", "no watermark", "`event_time:` and `watermark:`"}},
      {"two sinks with one path",
       source +
           "sinks:\n  o: {from: a, connector: file, path: OUT}\n  p: {from: a, connector: print}\n"
           "  q: {from: a, connector: file, path: two/o, format: csv}\n"
           "  r: {from: a, connector: file, path: ./two//o, format: ndjson}\n",
       {":7:3: error E1223: 'q' and 'r' write to the same place", "two/o'", "'q' is at ", ":6",
        "give each sink a path of its own"}},
      {"a sink and dead letters with one path",
       "dead_letters: {connector: file, path: two/o.csv.gz}\n"
       "sources:\n  a: {connector: file, path: in.csv, schema: {n: int64}, on_error: dead_letter}\n"
       "sinks:\n  o: {from: a, connector: file, path: two/o.ndjson}\n",
       {":1:", "error E1223: 'o' and 'dead_letters' write to the same place"}},
      {"a variable that is not set",
       step("{from: a, filter: \"n > ${NO_SUCH_VARIABLE}\"}"),
       {"error E1216", "NO_SUCH_VARIABLE", "1 error"}},
      {"variables that are not set, in all kinds of values",
       "parallelism: \"${NO_P}\"\nsources:\n  a: {connector: file, path: \"${NO_PATH}\", schema: "
       "{n: \"${NO_TYPE}\"}, other: [\"${NO_ITEM}\"]}\nsinks:\n  o: {from: \"${NO_FROM}\", "
       "connector: print}\nmore: \"${NO_MORE}\"\n",
       {"variable 'NO_P'", "variable 'NO_PATH'", "variable 'NO_TYPE'", "variable 'NO_ITEM'",
        "variable 'NO_FROM'", "unknown key 'more'", "variable 'NO_MORE'", "8 errors"}},
      {"several wrong values of one connector",
       source +
           "sinks:\n  o: {from: a, connector: file, path: OUT, existing: apend, roll_size: big, "
           "outbox: 1 MB}\n",
       {"'existing' must be one of own, append, replace", "did you mean 'append'?",
        "'roll_size' must be a size", "2 errors"}},
      {"a variable that is not set beside wrong options of a sink",
       source + "sinks:\n  o: {from: a, connector: file, path: \"${NO_PATH}\", existing: apend, "
                "bogus: 1}\n",
       {"variable 'NO_PATH'", "'existing' must be", "unknown option 'bogus'", "3 errors"}},
      {"variables that are not set where mappings and inputs stand",
       "job: &v \"${NO_JOB}${NO_JOB}\"\nlinger: *v\ncheckpoints: \"${NO_C}\"\n" + source +
           "  b: {connector: sequence, schema: {n: {type: \"${NO_TYPE}\"}}}\nsteps:\n  s: {from: "
           "\"${NO_FROM}\", filter: n > 1}\n  t: {union: [\"${NO_UNION}\"]}\n  u: {from: a, "
           "select: \"${NO_SELECT}\"}\nsinks:\n  o: {from: a, connector: print}\n",
       {"NO_JOB", "NO_C", "NO_TYPE", "NO_FROM", "NO_UNION", "NO_SELECT", "6 errors"}},
      {"nothing but a variable that is not set", "\"${NO_ROOT}\"", {"NO_ROOT", "1 error"}},
      {"a mistyped option that a source needs",
       "sources:\n  a: {connector: file, pth: x.csv, schema: {n: int64}}\nsinks:\n  o: {from: a, "
       "connector: print}\n",
       {"unknown option 'pth'", "did you mean 'path'?", "1 error"}},
      {"several wrong columns of a generator",
       "sources:\n  a: {connector: datagen, schema: {n: int64, s: string}, columns: {n: {kind: "
       "unifrm, exponent: z}, s: {length: many, foo: 1}}}\nsinks:\n  o: {from: a, connector: "
       "print}\n",
       {"'kind' must be one of", "'columns.n.exponent' must be a number", "'columns.s.length'",
        "unknown option 'columns.s.foo'", "4 errors"}},
      {"a mistyped option that is needed",
       source + "sinks:\n  o: {from: a, connector: file, pth: x}\n",
       {"unknown option 'pth'", "did you mean 'path'?", "1 error"}},
  };
  TempDir dir;
  for (const auto& each : cases) {
    INFO(each.what);
    auto text = each.text;
    if (const auto at = text.find("OUT"); at != std::string::npos)
      text.replace(at, 3, (dir / "out/o").string() + ", format: ndjson");
    const auto path = dir.write("x.yaml", text).string();
    const auto checked = flowctl({"check", path});
    CHECK(checked.code == 2);
    for (const auto& said : each.said) CHECK_THAT(checked.err, Contains(said));
    CHECK_THAT(checked.err, Contains("x.yaml"));
    const auto run = flowctl({"run", path});
    CHECK(run.code == 2);
    CHECK(run.out.empty());
    CHECK_FALSE(std::filesystem::exists(dir / "out"));
  }
}

TEST_CASE("sinks in one directory differ by their names", "[pipeline]") {
  TempDir dir;
  const auto sink = [&](const std::string& name) {
    return "{from: a, connector: file, path: " + (dir / "out" / name).string() +
           ", format: lines}\n";
  };
  const auto path =
      dir.write("x.yaml", "checkpoints: {directory: " + (dir / "state").string() +
                              "}\nsources:\n  a: {connector: sequence, count: 6, schema: {s: "
                              "string}}\nsinks:\n  x: " +
                              sink("o") + "  y: " + sink("o-0") + "  z: " + sink("o-0-0"))
          .string();
  CHECK(flowctl({"check", path}).code == 0);
  const auto run = flowctl({"run", path, "--parallelism", "1"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  CHECK(output_lines((dir / "out").string(), "o").size() == 18);
}

TEST_CASE("a topology file that cannot be read is named", "[pipeline][bad_input]") {
  TempDir dir;
  for (const auto* command : {"check", "run", "plan"}) {
    const auto missing = flowctl({command, (dir / "none.yaml").string()});
    CHECK(missing.code == 2);
    CHECK_THAT(missing.err, Contains("error E1222: cannot read '") && Contains("none.yaml'") &&
                                Contains("no such file or directory"));
  }
  dir.write("jobs.yaml", "");
  const auto mistyped = flowctl({"check", (dir / "job.yaml").string()});
  CHECK(mistyped.code == 2);
  CHECK_THAT(mistyped.err, Contains("did you mean '" + (dir / "jobs.yaml").string() + "'?"));
  const auto directory = flowctl({"check", dir.path().string()});
  CHECK(directory.code == 2);
  CHECK_THAT(directory.err, Contains("is a directory"));
}

}  // namespace
}  // namespace flow::testing
