#include "harness.hpp"

#include "support/catch.hpp"
#include "support/seed.hpp"

#include <set>

namespace flow::testing {

TEST_CASE("every operator keeps the contract", "[contract][operators]") {
  Random seeds{test_seed()};
  for (auto round = 0; round < 6; ++round) {
    const auto seed = seeds.next();
    for (const auto& subject : operator_cases()) check_contract(subject, seed);
  }
}

TEST_CASE("every kind of operator is enrolled in the contract harness", "[contract][operators]") {
  std::set<std::size_t> enrolled;
  for (const auto& subject : operator_cases())
    if (!subject.own) enrolled.insert(subject.spec.index());
  for (std::size_t kind = 0; kind < std::variant_size_v<OperatorSpec>; ++kind) {
    CAPTURE(kind);
    CHECK(enrolled.contains(kind));
  }
}

}  // namespace flow::testing
