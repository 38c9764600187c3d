#include "support/seed.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace flow::testing {

std::uint64_t test_seed() {
  constexpr std::uint64_t kDefaultSeed = 20010101;
  const char* text = std::getenv("FLOW_TEST_SEED");
  if (text == nullptr || *text == '\0') return kDefaultSeed;
  std::size_t used = 0;
  const std::uint64_t seed = std::stoull(text, &used, 0);
  if (text[used] != '\0') throw std::invalid_argument("FLOW_TEST_SEED is not a number");
  return seed;
}

}  // namespace flow::testing
