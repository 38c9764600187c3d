// What the engine itself keeps of sources in manifests must not change unnoticed.
#include "support/golden.hpp"

#include "source/enumerator.hpp"
#include "source/source_part.hpp"

#include "support/catch.hpp"

namespace flow::actors {

using testing::expect_golden;
using testing::golden;

TEST_CASE("what an ENUMERATOR knows is stored the same", "[actor][golden]") {
  EnumerationState state;
  state.splits.push_back({{4, "a.csv bytes 0..9", "split"}, "position", {77}});
  state.splits.push_back({{5, "b.csv", ""}, "", EventTime::min()});
  state.done.on_done({0, {5}});
  state.done.on_done({2, {6}});
  expect_golden("actors/enumeration-v1.bin", state.encode());
  const auto restored = EnumerationState::decode(golden("actors/enumeration-v1.bin"));
  REQUIRE(restored);
  CHECK(restored->encode() == state.encode());
}

TEST_CASE("the part of a source's subtask is stored the same", "[actor][golden]") {
  SourcePart part;
  part.ended = true;
  part.watermark = {1'000};
  part.source.open.push_back({{4, "a.csv", "split"}, "position", {77}});
  part.source.done.push_back({3, {70}});
  expect_golden("actors/source-part-v1.bin", part.encode());
  const auto restored = SourcePart::decode(golden("actors/source-part-v1.bin"));
  REQUIRE(restored);
  CHECK(restored->encode() == part.encode());
}

}  // namespace flow::actors
