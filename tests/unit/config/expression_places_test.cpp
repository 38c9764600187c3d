// Errors in expressions point at the word in the file, however YAML holds the text.
#include "load.hpp"

#include "support/catch.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

/// Where `word` stands in a text: line and column in characters, from 1.
std::pair<std::uint32_t, std::uint32_t> position(std::string_view text, std::string_view word) {
  const auto before = text.substr(0, text.find(word));
  const auto line = before.substr(before.rfind('\n') + 1);
  const auto characters = std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  });
  return {static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n')),
          static_cast<std::uint32_t>(1 + characters)};
}

std::string with_step(const std::string& step) {
  return "sources:\n  a: {connector: rows, schema: {x: int64, y: string, at: timestamp}, "
         "event_time: at, watermark: 1s}\nsteps:\n  s:\n    from: a\n" +
         step + "sinks:\n  o: {from: s, connector: seen}\n";
}

Error only_error(const std::string& text) {
  auto loaded = load(text, {{"LIMIT", "a value longer than its name"}, {"X", "x"}});
  auto errors = std::move(loaded.errors);
  for (auto& error : validate(std::move(loaded.topology.graph)).errors)
    errors.push_back(std::move(error));
  REQUIRE(errors.size() == 1);
  return errors.front();
}

TEST_CASE("an error points at the word, whatever the form of the scalar", "[unit][config]") {
  for (const std::string step : {
           "    filter: x > 1 AND dely > 2\n",
           "    filter: |\n      x > 1\n      AND dely > 2\n",
           "    filter: |\n      dely > 1\n      AND x > 2\n",
           "    filter: >\n      x > 1\n      AND x < 5\n      AND\n      dely > 2\n",
           "    filter: >-\n\n      x > 1\n\n      AND x < 5 AND dely > 2\n",
           "    filter: >2\n        x > 1\n        AND dely > 2\n",
           "    filter: | # why\n      x > 1 AND\n        dely > 2\n      AND x < 9\n",
           "    filter: x > 1\n      AND x < 5\n        AND dely > 2\n",
           "    filter:\n      x > 1\n      AND dely > 2\n",
           "    filter: \"x > 1\n      AND dely > 2\"\n",
           "    filter: \"x > 1 \\\n      AND dely > 2\"\n",
           "    filter: \"x > 1 \\n AND dely > 2\"\n",
           "    filter: \"y = 'ä' AND \\\"x\\\" > 1 AND dely > 2\"\n",
           "    filter: 'y = ''a'' AND dely > 2'\n",
           "    filter: 'y = ''a''\n\n      AND dely > 2'\n",
           "    filter: !!str x > 1 AND dely > 2\n",
           "    filter: &c x > 1 AND dely > 2\n",
           "    filter: y = '${LIMIT}' AND dely > 2\n",
           "    filter: y = '$${LIMIT}' AND dely > 2\n",
           "    filter: >\n      y = '${LIMIT}'\n      AND ${X} > 1 AND dely > 2\n",
           "    filter: >\r\n      x > 1\r\n      AND dely > 2\r\n",
           "    with:\n      z: >\n        x\n        + dely\n",
           "    with: {ä: 1, z: x + dely}\n",
           "    window: {tumbling: 1h}\n    aggregate:\n      z: >\n        sum(\n        x\n      "
           "  + "
           "dely)\n",
           "    window: {tumbling: 1h}\n    aggregate:\n      z: \"sum('a' = '\\\"' AND dely)\"\n",
       }) {
    CAPTURE(step);
    const auto text = with_step(step);
    const auto error = only_error(text);
    CHECK(error.code() == Errc::unknown_column);
    CHECK(std::pair{error.where().line, error.where().column} == position(text, "dely"));
    CHECK(error.where().length == 4);
  }
}

TEST_CASE("an error in the value of a variable points at the variable", "[unit][config]") {
  const auto text = with_step("    filter: >\n      x > 1\n      AND ${NAME:-dely} > 2\n");
  const auto error = only_error(text);
  CHECK(std::pair{error.where().line, error.where().column} == position(text, "${NAME"));
  CHECK(error.where().length == 13);
}

TEST_CASE("text that cannot be followed has a line and no column", "[unit][config]") {
  const auto error = only_error(with_step("    filter: \"x > \\x31 AND dely > 2\"\n"));
  CHECK(error.where().line == 6);
  CHECK(error.where().column == 0);
}

TEST_CASE("what is said of a block as a whole underlines its first line", "[unit][config]") {
  const auto error = only_error(with_step("    filter: >\n      x\n      + 1\n"));
  CHECK(error.code() == Errc::type_mismatch);
  CHECK(error.where().line == 7);
}

}  // namespace
}  // namespace flow::testing
