#include "flow/base/nearest.hpp"

#include "support/catch.hpp"

#include <vector>

namespace flow {
namespace {

const std::vector<std::string> kColumns{"date", "origin", "destination", "delay"};

TEST_CASE("the nearest name is the one with the fewest edits", "[unit][base]") {
  CHECK(nearest("dely", kColumns) == "delay");
  CHECK(nearest("DELAY", kColumns) == "delay");
  CHECK(nearest("orgiin", kColumns) == "origin");
  CHECK_FALSE(nearest("airport", kColumns));
  CHECK_FALSE(nearest("dely", {}));
  CHECK_FALSE(nearest("x", std::vector<std::string>{"b", "f"}));
  CHECK(nearest("B", std::vector<std::string>{"b", "f"}) == "b");
}

TEST_CASE("a note lists what there is and asks for what is near", "[unit][base]") {
  CHECK(choices_note("columns", "dely", kColumns) ==
        "columns: date, origin, destination, delay      did you mean 'delay'?");
  CHECK(choices_note("columns", "airport", kColumns) ==
        "columns: date, origin, destination, delay");
  CHECK(listed({}).empty());
}

}  // namespace
}  // namespace flow
