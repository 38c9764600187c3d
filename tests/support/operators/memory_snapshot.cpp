#include "support/operators/memory_snapshot.hpp"

#include <algorithm>
#include <stdexcept>

namespace flow::testing {

Status MemorySnapshot::put_blob(std::string_view name, std::string bytes) {
  blobs[std::string{name}].push_back(std::move(bytes));
  return {};
}

Status MemorySnapshot::put_entry(std::string_view state, KeyGroup group, std::string_view key,
                                 std::string_view value) {
  const auto fresh =
      entries[std::string{state}].try_emplace({group.value, std::string{key}}, value);
  if (!fresh.second) throw std::logic_error("an entry was written twice: " + std::string{state});
  return {};
}

Result<std::vector<std::string>> MemorySnapshotSource::blobs(std::string_view name) {
  std::vector<std::string> all;
  for (const auto* part : parts_)
    if (const auto found = part->blobs.find(name); found != part->blobs.end())
      all.insert(all.end(), found->second.begin(), found->second.end());
  return all;
}

Status MemorySnapshotSource::entries(
    std::string_view state, KeyGroupRange range,
    const std::function<Status(KeyGroup, std::string_view, std::string_view)>& each) {
  MemorySnapshot::Entries merged;
  for (const auto* part : parts_) {
    const auto found = part->entries.find(state);
    if (found == part->entries.end()) continue;
    for (const auto& [key, value] : found->second)
      if (range.contains(KeyGroup{key.first})) merged.emplace(key, value);
  }
  for (const auto& [key, value] : merged) FLOW_TRY(each(KeyGroup{key.first}, key.second, value));
  return {};
}

namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const auto c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  return bytes;
}

/// The next word of a line; nothing between two spaces is one too.
std::string_view take_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

}  // namespace

std::string to_text(const MemorySnapshot& part, std::size_t entries) {
  std::string text;
  for (const auto& [name, blobs] : part.blobs)
    for (const auto& blob : blobs) text += "blob " + name + " " + hex(blob) + "\n";
  for (const auto& [state, kept] : part.entries) {
    std::size_t shown = 0;
    for (const auto& [key, value] : kept) {
      if (shown++ == entries) break;
      text += "entry " + state + " " + std::to_string(key.first) + " " + hex(key.second) + " " +
              hex(value) + "\n";
    }
  }
  return text;
}

MemorySnapshot snapshot_of(std::string_view text) {
  MemorySnapshot part;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto kind = take_word(line);
    const std::string name{take_word(line)};
    if (kind == "blob") {
      part.blobs[name].push_back(bytes_of(line));
    } else if (kind == "entry") {
      const auto group = static_cast<std::uint32_t>(std::stoul(std::string{take_word(line)}));
      auto key = bytes_of(take_word(line));
      part.entries[name][{group, std::move(key)}] = bytes_of(line);
    } else {
      throw std::runtime_error("no line of a snapshot: " + std::string{kind});
    }
  }
  return part;
}

}  // namespace flow::testing
