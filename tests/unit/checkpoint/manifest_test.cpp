#include "flow/checkpoint/manifest.hpp"

#include "samples.hpp"

#include "flow/base/crc32c.hpp"

#include <cstring>
#include <set>

namespace flow {
namespace {

// Stores the checksum that belongs to the rest, as somebody does who knows the format.
std::string with_checksum(std::string file) {
  const std::uint32_t checksum =
      crc32c(std::string_view{file}.substr(16), crc32c(std::string_view{file}.substr(0, 12)));
  std::memcpy(file.data() + 12, &checksum, sizeof checksum);
  return file;
}

Errc decode_error(std::string_view bytes) {
  const auto decoded = decode_manifest(bytes, "m");
  REQUIRE_FALSE(decoded);
  CHECK_THAT(decoded.error().message(), testing::ContainsSubstring("'m'"));
  CHECK_FALSE(decoded.error().cause().empty());
  CHECK_FALSE(decoded.error().remedy().empty());
  return decoded.error().code();
}

TEST_CASE("a manifest survives its encoding", "[unit][manifest]") {
  for (const Manifest& manifest : {samples::full_manifest(), samples::plain_manifest({1}, {1})}) {
    const auto bytes = encode_manifest(manifest);
    REQUIRE(bytes);
    const auto decoded = decode_manifest(*bytes, "m");
    REQUIRE(decoded);
    CHECK(*decoded == manifest);
  }
}

TEST_CASE("a manifest of many parts survives its encoding", "[unit][manifest]") {
  Manifest manifest = samples::plain_manifest({1}, {1});
  for (std::uint32_t i = 0; i < 2000; ++i) {
    manifest.operators.push_back({"op", {i}, 2000, {}, {}, {{"p", std::string(i, 'x')}}});
  }
  CHECK(*decode_manifest(*encode_manifest(manifest), "m") == manifest);
}

TEST_CASE("a manifest cut off at any byte is truncated", "[unit][manifest]") {
  const std::string bytes = *encode_manifest(samples::full_manifest());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(decode_error(std::string_view{bytes}.substr(0, size)) == Errc::snapshot_truncated);
  }
}

TEST_CASE("a manifest damaged at any byte is refused", "[unit][manifest]") {
  const std::string bytes = *encode_manifest(samples::full_manifest());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const Errc code = decode_error(bad);
      INFO(at);
      if (at < 8) {
        CHECK(code == Errc::snapshot_foreign);
      } else if (at >= 16 && at < 24) {
        CHECK((code == Errc::snapshot_truncated || code == Errc::snapshot_corrupt));
      } else {
        CHECK(code == Errc::snapshot_corrupt);
      }
    }
  }
  CHECK(decode_error(bytes + "x") == Errc::snapshot_corrupt);
}

TEST_CASE("a manifest damaged behind a right checksum is an error at worst", "[unit][manifest]") {
  const std::string bytes = *encode_manifest(samples::full_manifest());
  int refused = 0;
  for (std::size_t at = 32; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(value);
      const auto decoded = decode_manifest(with_checksum(bad), "m");
      if (!decoded) ++refused;
      if (decoded) CHECK(encode_manifest(*decoded));
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("a file of another kind is foreign", "[unit][manifest]") {
  CHECK(decode_error("#!/bin/sh\n") == Errc::snapshot_foreign);
  CHECK(decode_error(std::string(100, '\0')) == Errc::snapshot_foreign);
}

TEST_CASE("a manifest of a newer version is told apart from a damaged one", "[unit][manifest]") {
  std::string bytes = *encode_manifest(samples::full_manifest());
  bytes[8] = 2;
  CHECK(decode_error(bytes) == Errc::snapshot_corrupt);
  CHECK(decode_error(with_checksum(bytes)) == Errc::snapshot_newer);
  bytes[8] = 0;
  CHECK(decode_error(with_checksum(bytes)) == Errc::snapshot_corrupt);
}

TEST_CASE("a manifest that makes no sense is never written", "[unit][manifest]") {
  const auto broken = [](auto change) {
    Manifest manifest = samples::full_manifest();
    change(manifest);
    CHECK_THROWS_AS(encode_manifest(manifest), InvariantViolation);
  };
  broken([](Manifest& m) { m.job.clear(); });
  broken([](Manifest& m) { m.lineage.clear(); });
  broken([](Manifest& m) { m.epoch = {}; });
  broken([](Manifest& m) { m.key_format = 0; });
  broken([](Manifest& m) { m.key_groups = kMaxKeyGroups + 1; });
  broken([](Manifest& m) { m.operators[1].subtask = {2}; });
  broken([](Manifest& m) { m.operators[1].owned = {0, 129}; });
  broken([](Manifest& m) { m.operators[2].subtask = {0}; });
  broken([](Manifest& m) { m.operators[1].objects[0].object.name = "../../etc/passwd"; });
  broken([](Manifest& m) { m.operators[1].objects[0].object.name = object_name({4}, {1}, "x"); });
  broken([](Manifest& m) { m.operators[1].objects[0].key_groups = {3, 2}; });
  broken([](Manifest& m) { m.committables[0].epoch = {15}; });
}

TEST_CASE("bytes of objects count once", "[unit][manifest]") {
  Manifest manifest = samples::full_manifest();
  CHECK(manifest.object_bytes() == 4096 + 1 + 2);
  manifest.operators[2].objects.push_back(manifest.operators[1].objects[0]);
  CHECK(manifest.object_bytes() == 4096 + 1 + 2);
}

TEST_CASE("lineages differ", "[unit][manifest]") {
  Random random{1};
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string lineage = make_lineage(random);
    CHECK(lineage.size() == 32);
    CHECK(seen.insert(lineage).second);
  }
}

TEST_CASE("object names are safe file names and carry attempt and epoch", "[unit][manifest]") {
  const std::string name = object_name({3}, {14}, "../per airport/1");
  CHECK(name.find('/') == std::string::npos);
  CHECK(parse_object_name(name) == ObjectNameParts{{3}, {14}});
  CHECK(object_name({1}, {1}, "a b") != object_name({1}, {1}, "a%20b"));
  const std::string longer(1000, 'x');
  CHECK(object_name({1}, {1}, longer + "1").size() <= 200);
  CHECK(object_name({1}, {1}, longer + "1") != object_name({1}, {1}, longer + "2"));
  CHECK(parse_object_name(object_name({1}, {1}, longer)));
  for (const char* bad : {"", "a1-e1", "a0-e1-x", "a1-e0-x", "a1-e1-x/y", "b1-e1-x", "a1-e1x",
                          "a99999999999-e1-x", "a1-e1-x\n"}) {
    INFO(bad);
    CHECK_FALSE(parse_object_name(bad));
  }
}

}  // namespace
}  // namespace flow
