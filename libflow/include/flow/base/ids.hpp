#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace flow {

/// A number that cannot be mixed up with another kind of number.
template <class Tag, class Rep>
struct StrongId {
  Rep value{};
  constexpr auto operator<=>(const StrongId&) const = default;
};

/// Number of a checkpoint: strictly increasing over all attempts of a job; 0 = none yet.
using Epoch = StrongId<struct EpochTag, std::uint64_t>;
/// n-th life of a job; every message carries it, a message of another attempt is dropped.
using Attempt = StrongId<struct AttemptTag, std::uint32_t>;
/// Position of an operator in the logical graph. Never stored: names are what is stored.
using NodeIndex = StrongId<struct NodeIndexTag, std::uint32_t>;
/// 0 … key_groups − 1; the unit of state placement.
using KeyGroup = StrongId<struct KeyGroupTag, std::uint32_t>;
/// 0 … parallelism − 1.
using SubtaskIndex = StrongId<struct SubtaskIndexTag, std::uint32_t>;

inline constexpr std::uint32_t kDefaultKeyGroups = 1024;
inline constexpr std::uint32_t kMaxKeyGroups = 32768;

/// Half-open range of key groups.
struct KeyGroupRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  [[nodiscard]] constexpr bool contains(KeyGroup group) const noexcept {
    return group.value >= first && group.value < last;
  }
  [[nodiscard]] constexpr std::uint32_t size() const noexcept { return last - first; }
  constexpr bool operator==(const KeyGroupRange&) const = default;
};

/// The contiguous range that subtask `index` of `parallelism` owns.
constexpr KeyGroupRange key_groups_of(SubtaskIndex index, std::uint32_t parallelism,
                                      std::uint32_t key_groups) noexcept {
  const auto at = [&](std::uint32_t i) {
    return static_cast<std::uint32_t>((std::uint64_t{i} * key_groups + parallelism - 1) /
                                      parallelism);
  };
  return {at(index.value), at(index.value + 1)};
}

/// The subtask that owns `group`: the inverse of key_groups_of.
constexpr SubtaskIndex owner_of(KeyGroup group, std::uint32_t parallelism,
                                std::uint32_t key_groups) noexcept {
  return {static_cast<std::uint32_t>(std::uint64_t{group.value} * parallelism / key_groups)};
}

}  // namespace flow

template <class Tag, class Rep>
struct std::hash<flow::StrongId<Tag, Rep>> {
  std::size_t operator()(const flow::StrongId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
