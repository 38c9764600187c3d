#include "flow/state/snapshot.hpp"

#include "support/catch.hpp"

#include <utility>
#include <vector>

namespace flow {
namespace {

/// Two blobs and some entries; gives them away without looking at the range.
class CarelessSource final : public SnapshotSource {
 public:
  explicit CarelessSource(std::vector<std::pair<KeyGroup, std::string>> entries)
      : entries_{std::move(entries)} {}

  Result<std::vector<std::string>> blobs(std::string_view name) override {
    return std::vector<std::string>{std::string{name} + " 0", std::string{name} + " 1"};
  }
  Status entries(std::string_view state, KeyGroupRange /*range*/, const EachEntry& each) override {
    for (const auto& [group, key] : entries_) FLOW_TRY(each(group, key, state));
    return {};
  }

 private:
  std::vector<std::pair<KeyGroup, std::string>> entries_;
};

struct Restored {
  Status status;
  std::vector<std::string> seen;
};

Restored restore(CarelessSource source, std::string_view fail_at = {}) {
  Restored restored;
  const auto take = [&](std::string what) -> Status {
    if (what == fail_at) return Error{Errc::state_changed, "other columns"};
    restored.seen.push_back(std::move(what));
    return {};
  };
  restored.status = restore_keyed(
      source, {"progress", "rows", {2, 4}}, take,
      [&](KeyGroup group, std::string_view key, std::string_view value) {
        return take(std::string{value} + " " + std::to_string(group.value) + std::string{key});
      });
  return restored;
}

TEST_CASE("a keyed operator reads its blobs, then the entries of its key groups", "[unit][state]") {
  const auto restored = restore(CarelessSource{{{{2}, "a"}, {{3}, "b"}}});
  CHECK(restored.status.has_value());
  CHECK(restored.seen ==
        std::vector<std::string>{"progress 0", "progress 1", "rows 2a", "rows 3b"});
}

TEST_CASE("an entry of somebody else's key group is not handed on", "[unit][state]") {
  for (const std::uint32_t foreign : {1u, 4u}) {
    const auto restored = restore(CarelessSource{{{{2}, "a"}, {{foreign}, "b"}, {{3}, "c"}}});
    REQUIRE_FALSE(restored.status);
    CHECK(restored.status.error().code() == Errc::corrupt_snapshot_part);
    CHECK(restored.seen.back() == "rows 2a");
  }
}

TEST_CASE("a restore ends with its first error", "[unit][state]") {
  const auto restored = restore(CarelessSource{{{{2}, "a"}}}, "progress 1");
  REQUIRE_FALSE(restored.status);
  CHECK(restored.status.error().code() == Errc::state_changed);
  CHECK(restored.seen == std::vector<std::string>{"progress 0"});
}

}  // namespace
}  // namespace flow
