#pragma once

#include "flow/state/snapshot.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flow::testing {

/// One operator's part of a snapshot, in memory.
class MemorySnapshot final : public SnapshotSink {
 public:
  Status put_blob(std::string_view name, std::string bytes) override;
  Status put_entry(std::string_view state, KeyGroup group, std::string_view key,
                   std::string_view value) override;

  using Entries = std::map<std::pair<std::uint32_t, std::string>, std::string>;
  std::map<std::string, std::vector<std::string>, std::less<>> blobs;
  std::map<std::string, Entries, std::less<>> entries;
};

/// As text, for golden files: everything in hexadecimal digits, but at most `entries` of each
/// state.
std::string to_text(const MemorySnapshot& part, std::size_t entries = 12);

/// What to_text() wrote. Throws if `text` is something else.
MemorySnapshot snapshot_of(std::string_view text);

/// Gives parts of one operator, from one or several subtasks, back.
class MemorySnapshotSource final : public SnapshotSource {
 public:
  explicit MemorySnapshotSource(std::vector<const MemorySnapshot*> parts)
      : parts_{std::move(parts)} {}
  explicit MemorySnapshotSource(const MemorySnapshot& part) : parts_{&part} {}

  Result<std::vector<std::string>> blobs(std::string_view name) override;
  Status entries(std::string_view state, KeyGroupRange range,
                 const std::function<Status(KeyGroup, std::string_view key,
                                            std::string_view value)>& each) override;

 private:
  std::vector<const MemorySnapshot*> parts_;
};

}  // namespace flow::testing
