// The state object: SnapshotBuffer -> SnapshotWriter -> bytes -> SnapshotReader.

#include "memory_file.hpp"
#include "samples.hpp"

#include "flow/base/crc32c.hpp"
#include "flow/base/random.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"
#include "support/seed.hpp"

#include <cstring>
#include <map>

namespace flow {
namespace {

using testing::SimulatedFileSystem;
using Entries = std::map<std::pair<std::uint32_t, std::string>, std::string>;

struct World {
  SimulatedFileSystem files{1};
  std::unique_ptr<FailurePoints> points = make_no_failure_points();
  std::unique_ptr<SnapshotStore> store = make_directory_store(files, "state", "job", *points);
  World() { REQUIRE(store->take_over()); }

  std::string bytes_of(const StoredObject& object) {
    return *files.read_all("state/job/objects/" + object.name, 1_GiB);
  }
  SnapshotReader read(const StoredObject& object) {
    auto reader = SnapshotReader::open(*store->open_object(object.name), object);
    REQUIRE(reader);
    return *std::move(reader);
  }
};

const std::string kName = object_name({1}, {1}, "0-0");

Entries entries_of(SnapshotReader& reader, std::string_view op, std::string_view state,
                   KeyGroupRange range) {
  Entries found;
  std::optional<std::pair<std::uint32_t, std::string>> last;
  const Status read = reader.entries(
      op, state, range, [&](KeyGroup group, std::string_view key, std::string_view value) {
        std::pair<std::uint32_t, std::string> at{group.value, key};
        if (last) CHECK(*last < at);
        last = at;
        found[std::move(at)] = value;
        return Status{};
      });
  CHECK(read);
  return found;
}

std::string random_bytes(Random& random, std::size_t most) {
  std::string bytes(random.below(most + 1), '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(random.chance(0.5) ? 3 : 256));
  return bytes;
}

TEST_CASE("state of any size and order comes back sorted", "[unit][snapshot]") {
  Random random{testing::test_seed()};
  for (int round = 0; round < 30; ++round) {
    INFO("round " << round);
    World world;
    // Small limits give many runs, large values blocks of one entry.
    const ByteCount limit{1ull << random.below(20)};
    const std::size_t largest = random.chance(0.2) ? 200'000 : 60;
    const std::uint64_t count = random.below(largest > 1000 ? 40 : 3000);
    const std::uint32_t groups = random.chance(0.5) ? 8 : kMaxKeyGroups;
    std::map<std::string, Entries> expected;
    SnapshotBuffer buffer{"op"};
    SnapshotWriter writer{*world.store, kName, limit};
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string state = random.chance(0.7) ? "a" : "b";
      const auto group = static_cast<std::uint32_t>(random.below(groups));
      const std::string key = random_bytes(random, 12);
      const std::string value = random_bytes(random, largest);
      if (!expected[state].emplace(std::pair{group, key}, value).second) continue;
      REQUIRE(buffer.put_entry(state, {group}, key, value));
      if (random.chance(0.02)) {
        for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
        CHECK(buffer.entry_bytes() == ByteCount{0});
      }
    }
    for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
    const auto object = writer.finish();
    REQUIRE(object);
    CHECK(object->has_value() == !expected.empty());
    if (!*object) continue;
    CHECK((*object)->bytes == world.bytes_of(**object).size());
    SnapshotReader reader = world.read(**object);
    for (const auto& [state, entries] : expected) {
      CHECK(entries_of(reader, "op", state, {0, kMaxKeyGroups}) == entries);
      const auto first = static_cast<std::uint32_t>(random.below(groups));
      const KeyGroupRange range{first, first + static_cast<std::uint32_t>(random.below(groups))};
      Entries part;
      for (const auto& [at, value] : entries) {
        if (range.contains({at.first})) part[at] = value;
      }
      CHECK(entries_of(reader, "op", state, range) == part);
    }
    CHECK(entries_of(reader, "op", "none", {0, kMaxKeyGroups}).empty());
  }
}

TEST_CASE("operators and states of one object are apart", "[unit][snapshot]") {
  World world;
  SnapshotWriter writer{*world.store, kName};
  for (const std::string op : {"x", "y"}) {
    SnapshotBuffer buffer{op};
    for (const std::string state : {"s", "t"}) {
      REQUIRE(buffer.put_entry(state, {1}, "k", op + state));
    }
    for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
    REQUIRE(writer.add_blob(op, "s", "blob of " + op));
  }
  REQUIRE(writer.add_blob("x", "empty", ""));
  const StoredObject object = **writer.finish();
  SnapshotReader reader = world.read(object);
  CHECK(entries_of(reader, "y", "s", {0, 2}) == Entries{{{1, "k"}, "ys"}});
  CHECK(entries_of(reader, "x", "t", {0, 2}) == Entries{{{1, "k"}, "xt"}});
  CHECK(**reader.blob("y", "s") == "blob of y");
  CHECK(**reader.blob("x", "empty") == "");
  CHECK_FALSE(*reader.blob("y", "empty"));
  CHECK(reader.sections().size() == 7);
}

TEST_CASE("a blob larger than a block comes back whole", "[unit][snapshot]") {
  World world;
  SnapshotWriter writer{*world.store, kName};
  std::string blob(40 << 20, 'x');
  blob[17 << 20] = 'y';
  REQUIRE(writer.add_blob("op", "rows", blob));
  SnapshotReader reader = world.read(**writer.finish());
  CHECK((**reader.blob("op", "rows") == blob));
}

TEST_CASE("a subtask without state writes nothing", "[unit][snapshot]") {
  World world;
  SnapshotWriter writer{*world.store, kName};
  REQUIRE(writer.add({}));
  CHECK_FALSE(*writer.finish());
  CHECK(world.store->list_objects()->empty());
}

TEST_CASE("blobs leave the buffer in the order they came", "[unit][snapshot]") {
  SnapshotBuffer buffer{"op"};
  REQUIRE(buffer.put_blob("b", "1"));
  REQUIRE(buffer.put_blob("a", "2"));
  CHECK(buffer.take_blobs() == std::vector<NamedBytes>{{"b", "1"}, {"a", "2"}});
  CHECK(buffer.take_blobs().empty());
}

TEST_CASE("a key stored twice is the operator's fault and is found", "[unit][snapshot]") {
  World world;
  for (const ByteCount limit : {64_MiB, ByteCount{1}}) {
    SnapshotBuffer buffer{"op"};
    SnapshotWriter writer{*world.store, kName, limit};
    for (int i = 0; i < 2; ++i) {
      REQUIRE(buffer.put_entry("s", {1}, "k", "v"));
      if (limit == ByteCount{1}) {
        for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
      }
    }
    for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
    const auto object = writer.finish();
    if (limit == 64_MiB) {
      REQUIRE_FALSE(object);
      CHECK(object.error().code() == Errc::internal);
    } else {
      // In two runs: found when they are merged.
      SnapshotReader reader = world.read(**object);
      const Status read =
          reader.entries("op", "s", {0, 9}, [](KeyGroup, auto, auto) { return Status{}; });
      REQUIRE_FALSE(read);
      CHECK(read.error().code() == Errc::snapshot_corrupt);
    }
  }
}

TEST_CASE("a store that fails is reported", "[unit][snapshot]") {
  for (std::uint64_t nth = 1; nth <= 6; ++nth) {
    World world;
    world.files.fail_on(nth, Errc::disk_full);
    SnapshotBuffer buffer{"op"};
    REQUIRE(buffer.put_entry("s", {1}, "k", "v"));
    SnapshotWriter writer{*world.store, kName};
    Status status = writer.add(std::move(buffer.take_entries()[0]));
    if (status) {
      const auto object = writer.finish();
      if (!object) status = object.error();
    }
    INFO(nth);
    REQUIRE_FALSE(status);
    CHECK(status.error().code() == Errc::disk_full);
  }
}

// Reads everything an object of `bytes` has to offer.
Status read_all(const std::string& bytes, StoredObject expected) {
  FLOW_ASSIGN(auto reader, SnapshotReader::open(std::make_unique<samples::MemoryFile>(bytes),
                                                std::move(expected)));
  const auto sections = reader.sections();
  for (const SnapshotSection& section : sections) {
    if (section.is_blob) {
      FLOW_TRY(reader.blob(section.operator_name, section.name));
    } else {
      FLOW_TRY(
          reader.entries(section.operator_name, section.name, {0, kMaxKeyGroups},
                         [](KeyGroup, std::string_view, std::string_view) { return Status{}; }));
    }
  }
  return {};
}

std::pair<std::string, StoredObject> small_object() {
  World world;
  SnapshotWriter writer{*world.store, kName, ByteCount{60}};
  SnapshotBuffer buffer{"op"};
  for (std::uint32_t i = 0; i < 12; ++i) {
    REQUIRE(buffer.put_entry(i % 3 == 0 ? "s" : "t", {i / 4}, "key" + std::to_string(i), "value"));
    if (i % 5 == 0) {
      for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
    }
  }
  for (EntryChunk& chunk : buffer.take_entries()) REQUIRE(writer.add(std::move(chunk)));
  REQUIRE(writer.add_blob("op", "blob", "content"));
  const StoredObject object = **writer.finish();
  return {world.bytes_of(object), object};
}

TEST_CASE("an object cut off at any byte is truncated", "[unit][snapshot]") {
  const auto [bytes, object] = small_object();
  REQUIRE(read_all(bytes, object));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Status read = read_all(bytes.substr(0, size), object);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == Errc::snapshot_truncated);
    CHECK_THAT(read.error().message(), testing::ContainsSubstring(kName));
  }
  CHECK(read_all(bytes + "x", object).error().code() == Errc::snapshot_corrupt);
}

TEST_CASE("an object damaged at any byte is refused", "[unit][snapshot]") {
  const auto [bytes, object] = small_object();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const Status read = read_all(bad, object);
      INFO(at);
      REQUIRE_FALSE(read);
      CHECK(read.error().code() == (at < 8 ? Errc::snapshot_foreign : Errc::snapshot_corrupt));
    }
  }
}

TEST_CASE("an object of a newer version is told apart from a damaged one", "[unit][snapshot]") {
  auto [bytes, object] = small_object();
  bytes[8] = 2;
  CHECK(read_all(bytes, object).error().code() == Errc::snapshot_corrupt);
  const std::uint32_t checksum = crc32c(std::string_view{bytes}.substr(0, 12));
  std::memcpy(bytes.data() + 12, &checksum, sizeof checksum);
  CHECK(read_all(bytes, object).error().code() == Errc::snapshot_newer);
}

}  // namespace
}  // namespace flow
