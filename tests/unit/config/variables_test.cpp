#include "load.hpp"

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace flow::testing {
namespace {

std::string job_of(const LoadedTopology& loaded) { return loaded.topology.graph.job; }

TEST_CASE("variables are replaced, defaults taken, dollars kept", "[unit][config]") {
  CHECK(job_of(load("job: x_${NAME}_y\nsinks: {}\n", {{"NAME", "middle"}})) == "x_middle_y");
  CHECK(job_of(load("job: ${NAME:-other}\nsinks: {}\n")) == "other");
  CHECK(job_of(load("job: ${NAME:-}x\nsinks: {}\n")) == "x");
  CHECK(job_of(load("job: $${NAME}\nsinks: {}\n")) == "${NAME}");
  CHECK(job_of(load("job: ${A}\nsinks: {}\n", {{"A", "${B}"}, {"B", "no"}})) == "${B}");
}

TEST_CASE("a variable that is not set is an error with its place", "[unit][config]") {
  CHECK(places(load("job: ${NAME}\nsinks: {}\n").errors) ==
        std::vector<std::string>{"1:6 undefined_variable"});
  CHECK(places(load("job: ${NAME\nsinks: {}\n").errors) ==
        std::vector<std::string>{"1:6 yaml_syntax"});
}

TEST_CASE("a variable inside the default of another one is refused", "[unit][config]") {
  const auto errors = load("job: ${E:-${V:-nest}}\nsinks: {}\n").errors;
  CHECK(places(errors) == std::vector<std::string>{"1:6 yaml_syntax"});
}

TEST_CASE("the environment is asked after --set", "[unit][config]") {
  const auto files = make_posix_file_system();
  const Variables variables{{{"A", "set"}},
                            [](const std::string& name) { return std::optional{"env_" + name}; }};
  const auto loaded =
      load_topology({{"j.yaml", "job: ${A}_${B}\n"}}, fake_connectors(), variables, *files);
  CHECK(loaded.topology.graph.job == "set_env_B");
}

TEST_CASE("a secret comes from the environment or a file and is never shown", "[unit][config]") {
  TempDir dir;
  const auto path = dir.write("password", "hunter2\nrest\n").string();
  const auto with_secret = [&](const std::string& value) {
    return load("sources:\n  a: {connector: rows, schema: {x: int64}, count: !secret " + value +
                    "}\nsinks:\n  o: {from: a, connector: seen}\n",
                {{"PASSWORD", "hunter3"}});
  };
  for (const auto& value : {std::string{"PASSWORD"}, "file:" + path}) {
    const auto errors =
        with_secret(value).errors;  // the connector wants a number: its message must not tell
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].code() == Errc::bad_option);
    CHECK(errors[0].to_line().find("hunter") == std::string::npos);
  }
  CHECK(places(with_secret("MISSING").errors).front().find("undefined_variable") !=
        std::string::npos);
  CHECK(with_secret("file:/nonexistent").errors.front().code() == Errc::not_found);
}

TEST_CASE("YAML that breaks at a variable says to quote it, and only then", "[unit][config]") {
  const auto remedy = [](const std::string& text) {
    const auto errors = load(text).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors.front().code() == Errc::yaml_syntax);
    return errors.front().remedy();
  };
  for (const std::string text :
       {"a: {path: ${X}, format: csv}", "a: {path: ${X}}", "a: {path: ${X:-b}}", "a: [${X}, b]",
        "a: {b: 1,\n  path: x/${X}/y,\n  c: 2}", "a: {p: ${X}", "a: {ä: ö, p: ${X}}"}) {
    CAPTURE(text);
    CHECK_THAT(remedy(text), Catch::Contains("quote \"${…}\""));
  }
  for (const std::string text :
       {"a: ${X}\nb: {c: 1\nd: 2", "a: \"${X}\"\nb: {c: 1\nd: 2", "a: {c: 1 # ${X}\nd: 2",
        "a: {b: '${X}', c: {d: 1 e: 2]", "a: {b: \"${X}\", c: 1"}) {
    CAPTURE(text);
    CHECK(remedy(text).empty());
  }
}

}  // namespace
}  // namespace flow::testing
