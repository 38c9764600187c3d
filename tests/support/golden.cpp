#include "support/golden.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace flow::testing {
namespace {

// Tests run in the root of the sources (flow_add_test).
std::filesystem::path path_of(std::string_view name) {
  return std::filesystem::path{"tests/golden"} / name;
}

}  // namespace

std::string golden(std::string_view name) {
  std::ifstream in{path_of(name), std::ios::binary};
  if (!in) throw std::runtime_error("cannot read " + path_of(name).string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void expect_golden(std::string_view name, std::string_view bytes) {
  if (const char* update = std::getenv("FLOW_GOLDEN_UPDATE"); update != nullptr && *update == '1') {
    std::filesystem::create_directories(path_of(name).parent_path());
    std::ofstream out{path_of(name), std::ios::binary};
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + path_of(name).string());
    return;
  }
  const auto expected = golden(name);
  const auto first = std::mismatch(bytes.begin(), bytes.end(), expected.begin(), expected.end());
  INFO(path_of(name).string() << " differs from byte " << (first.first - bytes.begin())
                              << " on; sizes " << bytes.size() << " and " << expected.size());
  const bool is_equal = bytes == expected;
  CHECK(is_equal);
}

}  // namespace flow::testing
