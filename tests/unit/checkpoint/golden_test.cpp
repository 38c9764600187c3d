// Files that released versions wrote must be read for ever. A new format version adds files here;
// the old ones are never written again. FLOW_WRITE_GOLDEN=1 writes those of the current version.

#include "memory_file.hpp"
#include "samples.hpp"

#include "flow/base/crc32c.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace flow {
namespace {

std::string path_of(const std::string& name) { return "tests/golden/checkpoint/" + name + ".bin"; }

std::string golden(const std::string& name, const std::string& current) {
  if (const char* write = std::getenv("FLOW_WRITE_GOLDEN"); write != nullptr && *write == '1') {
    std::ofstream{path_of(name), std::ios::binary} << current;
  }
  std::ifstream in{path_of(name), std::ios::binary};
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST_CASE("a manifest of format 1 is read for ever", "[unit][manifest][golden]") {
  const Manifest expected = samples::full_manifest();
  const std::string bytes = golden("manifest-v1", *encode_manifest(expected));
  const auto manifest = decode_manifest(bytes, "golden");
  REQUIRE(manifest);
  CHECK(*manifest == expected);
}

TEST_CASE("a state object of format 1 is read for ever and written the same",
          "[unit][snapshot][golden]") {
  testing::SimulatedFileSystem files{1};
  const auto points = make_no_failure_points();
  const auto store = make_directory_store(files, "state", "job", *points);
  REQUIRE(store->take_over());
  SnapshotBuffer buffer{"per_airport"};
  REQUIRE(buffer.put_entry("counts", {300}, "ORD", std::string("\0\1\2", 3)));
  REQUIRE(buffer.put_entry("counts", {7}, "SFO", "v1"));
  REQUIRE(buffer.put_entry("counts", {7}, "ATL", ""));
  REQUIRE(buffer.put_entry("timers", {0}, "", std::string(200, 't')));
  SnapshotWriter writer{*store, object_name({3}, {14}, "1-0")};
  for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
  REQUIRE(writer.add_blob("per_airport", "waiting", "rows"));
  const StoredObject written = **writer.finish();
  const std::string current = *files.read_all("state/job/objects/" + written.name);
  const std::string bytes = golden("state-v1", current);
  CHECK(bytes == current);

  const StoredObject object{"golden", bytes.size(), crc32c(bytes)};
  auto reader = SnapshotReader::open(std::make_unique<samples::MemoryFile>(bytes), object);
  REQUIRE(reader);
  std::vector<std::string> seen;
  for (const char* state : {"counts", "timers"}) {
    CHECK(reader->entries("per_airport", state, {0, kMaxKeyGroups},
                          [&](KeyGroup group, std::string_view key, std::string_view value) {
                            seen.push_back(std::to_string(group.value) + " " + std::string{key} +
                                           " " + std::to_string(value.size()));
                            return Status{};
                          }));
  }
  CHECK(seen == std::vector<std::string>{"7 ATL 0", "7 SFO 2", "300 ORD 3", "0  200"});
  CHECK(**reader->blob("per_airport", "waiting") == "rows");
}

}  // namespace
}  // namespace flow
