#include "flow/connector/registry.hpp"

#include "flow/base/check.hpp"

namespace flow {

void ConnectorRegistry::add(ConnectorEntry entry) {
  auto name = entry.name;
  const auto added = entries_.emplace(std::move(name), std::move(entry)).second;
  FLOW_CHECK(added, "a connector is registered twice");
}

const ConnectorEntry* ConnectorRegistry::find(std::string_view name) const {
  const auto at = entries_.find(name);
  return at == entries_.end() ? nullptr : &at->second;
}

std::vector<const ConnectorEntry*> ConnectorRegistry::all() const {
  std::vector<const ConnectorEntry*> entries;
  entries.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) entries.push_back(&entry);
  return entries;
}

}  // namespace flow
