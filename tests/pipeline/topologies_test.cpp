#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>

namespace flow::testing {
namespace {

/// Every topology, and one file that it must write.
std::vector<std::string> topologies() {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator{"configs/topologies"})
    if (entry.path().extension() == ".yaml") result.push_back(entry.path().string());
  std::sort(result.begin(), result.end());
  return result;
}

/// The rows a topology writes at a parallelism.
std::vector<std::string> rows_of(const std::string& topology, int parallelism,
                                 std::vector<std::string> more = {}) {
  TempDir dir;
  std::vector<std::string> arguments{"run",           topology,
                                     "--set",         "OUT=" + (dir / "out").string(),
                                     "--set",         "STATE=" + (dir / "state").string(),
                                     "--parallelism", std::to_string(parallelism)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto exit = flowctl(arguments);
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  auto lines = output_lines((dir / "out").string());
  // Each part of a csv has its header; how many parts there are depends on parallelism. Dead
  // letters carry the moment at which they were set aside.
  for (auto& line : lines)
    if (line.starts_with("{\"at\":\"") && line.find("\"reason\"") != std::string::npos)
      line.erase(0, line.find("\"source\""));
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end(),
                          [](const std::string& a, const std::string& b) {
                            return a == b && a.find_first_of("0123456789{") == std::string::npos;
                          }),
              lines.end());
  return lines;
}

TEST_CASE("there are at least eight topologies and all are valid", "[pipeline]") {
  CHECK(topologies().size() >= 8);
  for (const auto& topology : topologies()) {
    const auto exit = flowctl({"check", topology});
    INFO(topology << "\n" << exit.err);
    CHECK(exit.code == 0);
  }
}

TEST_CASE("every topology gives the same rows at any parallelism", "[pipeline]") {
  for (const auto& topology : topologies()) {
    const auto expected = rows_of(topology, 1);
    CHECK_FALSE(expected.empty());
    for (const int parallelism : {2, 3, 7}) {
      INFO(topology << " at parallelism " << parallelism);
      CHECK(rows_of(topology, parallelism) == expected);
    }
  }
}

TEST_CASE("every topology gives the same rows over the wire", "[pipeline]") {
  for (const auto& topology : topologies()) {
    INFO(topology);
    CHECK(rows_of(topology, 3, {"--wire-always"}) == rows_of(topology, 2));
  }
}

}  // namespace
}  // namespace flow::testing
