#include "group_progress.hpp"

#include <algorithm>
#include <limits>

namespace flow {
namespace {

constexpr auto kNever = std::numeric_limits<std::int64_t>::min();

}  // namespace

GroupProgress::GroupProgress(KeyGroupRange owned)
    : owned_{owned}, at_(owned.size(), kNever), highest_{kNever} {}

std::int64_t GroupProgress::lowest(KeyGroupRange groups) const {
  if (uniform_) return highest_;
  const auto first = at_.begin() + (groups.first - owned_.first);
  return *std::min_element(first, first + groups.size());
}

void GroupProgress::raise(KeyGroupRange groups, std::int64_t time) {
  for (auto group = groups.first; group < groups.last; ++group) {
    auto& at = at_[group - owned_.first];
    at = std::max(at, time);
  }
  if (groups == owned_ && uniform_) {
    highest_ = std::max(highest_, time);
    return;
  }
  look();
}

void GroupProgress::look() noexcept {
  highest_ = *std::max_element(at_.begin(), at_.end());
  uniform_ = std::all_of(at_.begin(), at_.end(), [&](auto at) { return at == highest_; });
}

void GroupProgress::encode(ByteWriter& out) const {
  // Runs of equal groups: (end of the run, time).
  out.put(owned_.first);
  std::vector<std::pair<std::uint32_t, std::int64_t>> runs;
  for (std::uint32_t i = 0; i < at_.size(); ++i) {
    if (runs.empty() || runs.back().second != at_[i]) runs.emplace_back(0, at_[i]);
    runs.back().first = owned_.first + i + 1;
  }
  out.put(static_cast<std::uint32_t>(runs.size()));
  for (const auto& [end, time] : runs) {
    out.put(end);
    out.put(time);
  }
}

bool GroupProgress::decode(ByteReader& in) {
  auto group = in.get<std::uint32_t>();
  const auto runs = in.get_count(12);
  for (std::uint32_t i = 0; i < runs; ++i) {
    const auto end = in.get<std::uint32_t>();
    const auto time = in.get<std::int64_t>();
    if (!in.ok() || end <= group || end > kMaxKeyGroups) return false;
    const KeyGroupRange run{std::max(group, owned_.first), std::min(end, owned_.last)};
    if (run.first < run.last) raise(run, time);
    group = end;
  }
  if (!at_.empty()) look();
  return in.ok();
}

void encode_fires(const std::deque<PendingFire>& fires, ByteWriter& out) {
  out.put(static_cast<std::uint32_t>(fires.size()));
  for (const auto& fire : fires) {
    out.put(fire.groups.first);
    out.put(fire.groups.last);
    out.put(fire.limit);
  }
}

void decode_fires(ByteReader& in, KeyGroupRange owned, std::deque<PendingFire>& fires) {
  for (auto left = in.get_count(16); left > 0; --left) {
    PendingFire fire;
    fire.groups.first = std::max(in.get<std::uint32_t>(), owned.first);
    fire.groups.last = std::min(in.get<std::uint32_t>(), owned.last);
    fire.limit = in.get<std::int64_t>();
    if (fire.groups.first < fire.groups.last) fires.push_back(fire);
  }
}

}  // namespace flow
