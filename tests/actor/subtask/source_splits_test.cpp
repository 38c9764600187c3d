// Which subtask reads which split, before and after a restore.
#include "source/enumerator.hpp"
#include "source/source_part.hpp"

#include "support/catch.hpp"
#include "support/seed.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace flow;
using namespace flow::actors;

namespace {

std::vector<Split> splits(std::uint32_t count) {
  std::vector<Split> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({i, "split " + std::to_string(i), ""});
  return all;
}

/// A checkpoint in which each split is finished, or open with a position, in the part of `owner`.
Manifest checkpoint_of(const std::vector<std::vector<SplitAssignment>>& shares,
                       const Enumeration& begun, Random& random) {
  Manifest manifest;
  manifest.enumerators.push_back({"numbers", begun.state.encode()});
  for (std::uint32_t s = 0; s < shares.size(); ++s) {
    SourcePart part;
    for (const auto& assignment : shares[s]) {
      if (random.chance(0.4))
        part.source.done.push_back({assignment.split.index, EventTime{1}});
      else
        part.source.open.push_back({assignment.split, "there", EventTime{1}});
    }
    part.ended = part.source.open.empty();
    OperatorSnapshot snapshot;
    snapshot.operator_name = "numbers";
    snapshot.subtask = {s};
    snapshot.parallelism = static_cast<std::uint32_t>(shares.size());
    snapshot.blobs.push_back({std::string{SourcePart::kBlob}, part.encode()});
    manifest.operators.push_back(std::move(snapshot));
  }
  return manifest;
}

}  // namespace

TEST_CASE("an independent split stays with its subtask through every restore", "[actor][source]") {
  Random random{flow::testing::test_seed()};
  for (int round = 0; round < 200; ++round) {
    const auto count = static_cast<std::uint32_t>(1 + random.below(12));
    const auto subtasks = static_cast<std::uint32_t>(1 + random.below(5));
    auto enumeration = Enumeration::fresh(splits(count));
    std::vector<std::uint32_t> owners(count);
    auto shares = share_out(enumeration, subtasks).value();
    std::size_t given = 0;
    for (std::uint32_t s = 0; s < subtasks; ++s) {
      // As even as can be.
      CHECK(shares[s].size() >= count / subtasks);
      CHECK(shares[s].size() <= count / subtasks + 1);
      for (const auto& assignment : shares[s]) {
        owners[assignment.split.index] = s;
        ++given;
      }
    }
    REQUIRE(given == count);
    while (!enumeration.state.splits.empty()) {
      const auto manifest = checkpoint_of(shares, enumeration, random);
      auto restored = Enumeration::restored(manifest, "numbers", subtasks);
      REQUIRE(restored);
      enumeration = *std::move(restored);
      shares = share_out(enumeration, subtasks).value();
      for (std::uint32_t s = 0; s < subtasks; ++s)
        for (const auto& assignment : shares[s]) {
          REQUIRE(owners[assignment.split.index] == s);
          CHECK(assignment.position == "there");
        }
    }
  }
}

TEST_CASE("a split is not given to a subtask that asks for nothing", "[actor][source]") {
  auto enumeration = Enumeration::fresh(splits(3));
  enumeration.ended.insert(1);
  const auto shares = share_out(enumeration, 2);
  REQUIRE(!shares);
  CHECK(shares.error().code() == Errc::snapshot_incompatible);
  enumeration.state.splits.erase(enumeration.state.splits.begin() + 1);
  CHECK(share_out(enumeration, 2).value()[0].size() == 2);
}
