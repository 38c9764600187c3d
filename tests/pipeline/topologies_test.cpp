#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>

namespace flow::testing {
namespace {

/// Every topology, in order.
std::vector<std::string> topologies() {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator{"configs/topologies"})
    if (entry.path().extension() == ".yaml") result.push_back(entry.path().string());
  std::sort(result.begin(), result.end());
  return result;
}

/// Sorted rows by sink.
using Rows = std::map<std::string, std::vector<std::string>>;

/// What the files of a directory hold. `SINK-SUBTASK-PART.FORMAT`: each part of a csv has its
/// header, and how many parts there are depends on parallelism. Dead letters carry the moment at
/// which they were set aside, which is taken off.
Rows rows_in(const std::filesystem::path& directory) {
  Rows rows;
  for (const auto& entry : std::filesystem::directory_iterator{directory}) {
    const auto name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.starts_with(".")) continue;
    auto& of_sink = rows[name.substr(0, name.rfind('-', name.rfind('-') - 1))];
    std::ifstream file{entry.path()};
    std::string line;
    if (entry.path().extension() == ".csv") std::getline(file, line);
    while (std::getline(file, line)) {
      if (line.starts_with("{\"at\":\"") && line.find("\"reason\"") != std::string::npos)
        line.erase(0, line.find("\"source\""));
      of_sink.push_back(line);
    }
  }
  for (auto& [sink, lines] : rows) std::sort(lines.begin(), lines.end());
  return rows;
}

/// The rows a topology writes at a parallelism.
Rows rows_of(const std::string& topology, int parallelism, std::vector<std::string> more = {}) {
  TempDir dir;
  std::vector<std::string> arguments{"run",           topology,
                                     "--set",         "OUT=" + (dir / "out").string(),
                                     "--set",         "STATE=" + (dir / "state").string(),
                                     "--parallelism", std::to_string(parallelism)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto exit = flowctl(arguments);
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  return rows_in(dir / "out");
}

/// FNV-1a over the rows, each ended by a newline.
std::string checksum(const std::vector<std::string>& rows) {
  std::uint64_t sum = 0xcbf29ce484222325ull;
  const auto add = [&](char byte) {
    sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  };
  for (const auto& row : rows) {
    for (const char byte : row) add(byte);
    add('\n');
  }
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << sum;
  return text.str();
}

/// The lines of tests/golden/topologies.txt that these results make.
std::vector<std::string> summary(const std::string& topology, const Rows& rows) {
  std::vector<std::string> lines;
  for (const auto& [sink, of_sink] : rows)
    lines.push_back(std::filesystem::path{topology}.stem().string() + " " + sink + " " +
                    std::to_string(of_sink.size()) + " " + checksum(of_sink));
  return lines;
}

/// What a topology has to write, by tools/check_topologies.py; sinks without rows write no file.
std::vector<std::string> expected_of(const std::string& topology) {
  const auto name = std::filesystem::path{topology}.stem().string() + " ";
  std::vector<std::string> lines;
  std::ifstream file{"tests/golden/topologies.txt"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name) && line.find(" 0 ") == std::string::npos) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
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

TEST_CASE("every topology gives at any parallelism the rows that others compute for it",
          "[pipeline]") {
  for (const auto& topology : topologies()) {
    const auto expected = expected_of(topology);
    CHECK_FALSE(expected.empty());
    for (const int parallelism : {1, 2, 3, 7}) {
      INFO(topology << " at parallelism " << parallelism);
      CHECK(summary(topology, rows_of(topology, parallelism)) == expected);
    }
  }
}

TEST_CASE("every topology gives the same rows over the wire", "[pipeline]") {
  for (const auto& topology : topologies()) {
    INFO(topology);
    CHECK(summary(topology, rows_of(topology, 3, {"--wire-always"})) == expected_of(topology));
  }
}

// The expectations are compared with the sample data here, so that neither changes alone.
TEST_CASE("the expected rows of the topologies are those of the sample data", "[pipeline]") {
  const auto exit = run_process({"python3", "tools/check_topologies.py", flowctl_path()}, {},
                                std::chrono::minutes{5});
  INFO(exit.err);
  CHECK(exit.code == 0);
}

}  // namespace
}  // namespace flow::testing
