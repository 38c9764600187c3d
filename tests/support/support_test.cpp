#include "support/catch.hpp"
#include "support/seed.hpp"
#include "support/temp_dir.hpp"

namespace flow::testing {

TEST_CASE("the seed is the same for every question in one run", "[unit][support]") {
  CHECK(test_seed() == test_seed());
}

TEST_CASE("a temporary directory holds files until it goes", "[unit][support]") {
  std::filesystem::path path;
  {
    const TempDir dir;
    path = dir.path();
    CHECK(std::filesystem::is_empty(path));
    dir.write("deep/below/file.txt", "hello\nworld");
    CHECK(dir.read("deep/below/file.txt") == "hello\nworld");
    CHECK_THAT(dir.read("deep/below/file.txt"), StartsWith("hello") && ContainsSubstring("wor"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("two temporary directories are different", "[unit][support]") {
  CHECK(TempDir{}.path() != TempDir{}.path());
}

}  // namespace flow::testing
