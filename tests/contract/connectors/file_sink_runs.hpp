// Runs of a file sink, and what they leave in its directory.
#pragma once

#include "contract/sink_contract.hpp"
#include "making.hpp"

#include "connectors/file/register.hpp"
#include "support/catch.hpp"
#include "support/simulated_file_system.hpp"

#include <algorithm>
#include <sstream>

namespace flow::testing {

inline constexpr auto kTypes = "n:int64 s:string";

inline ConnectorRegistry registry() { return registry_of(file::register_in); }

/// `epochs` × `batches` batches of ten rows each, numbered through.
inline std::vector<std::vector<Batch>> numbered(std::size_t epochs, std::size_t batches,
                                                std::int64_t first = 0) {
  std::vector<std::vector<Batch>> all(epochs);
  for (auto& epoch : all) {
    for (std::size_t i = 0; i < batches; ++i) {
      std::vector<testing::Row> rows;
      for (int row = 0; row < 10; ++row, ++first)
        rows.push_back({first, "row " + std::to_string(first)});
      epoch.push_back(batch(kTypes, rows));
    }
  }
  return all;
}

/// Visible files of a directory.
inline std::vector<std::string> visible(FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  auto entries = files.list(directory);
  REQUIRE(entries);
  for (const auto& entry : *entries) {
    auto name = entry.path.substr(directory.size() + 1);
    if (name[0] != '.') names.push_back(std::move(name));
  }
  return names;
}

inline std::vector<std::string> hidden_parts(FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  auto entries = files.list(directory);
  REQUIRE(entries);
  for (const auto& entry : *entries)
    if (entry.path.ends_with(".pending") || entry.path.ends_with(".temporary"))
      names.push_back(entry.path);
  return names;
}

/// The lines of all visible files, sorted.
inline std::vector<std::string> lines(FileSystem& files, const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& name : visible(files, directory)) {
    auto text = files.read_all(directory + "/" + name);
    INFO(name << ": " << (text ? "" : text.error().to_line()));
    REQUIRE(text);
    std::istringstream in{*text};
    for (std::string line; std::getline(in, line);) all.push_back(line);
  }
  std::sort(all.begin(), all.end());
  return all;
}

inline std::vector<std::string> expected_lines(std::int64_t first, std::int64_t last) {
  std::vector<std::string> all;
  for (auto n = first; n < last; ++n)
    all.push_back("{\"n\":" + std::to_string(n) + ",\"s\":\"row " + std::to_string(n) + "\"}");
  std::sort(all.begin(), all.end());
  return all;
}

inline std::shared_ptr<const Sink> sink_to(const std::string& path,
                                           const std::string& existing = "own",
                                           const std::string& roll = "128MiB") {
  const auto connectors = registry();
  auto sink = make_sink(
      connectors, "file", schema(kTypes),
      {{"path", path}, {"format", "ndjson"}, {"existing", existing}, {"roll_size", roll}});
  REQUIRE(sink);
  return *sink;
}

/// A whole run without failures.
inline Status run(const Sink& sink, FileSystem& files, const std::string& lineage,
                  std::vector<std::vector<Batch>> batches, const std::string& job = "job",
                  std::uint32_t writers = 1) {
  ConnectorWorld world{files};
  world.lineage = lineage;
  world.job = job;
  SinkRun run{schema(kTypes), std::move(batches), writers};
  auto status = run.attempt(sink, world, files, 1);
  if (!status) UNSCOPED_INFO(status.error().to_line());
  return status;
}

}  // namespace flow::testing
