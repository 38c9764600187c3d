#include "flow/state/snapshot.hpp"

namespace flow {

Status restore_keyed(SnapshotSource& source, const KeyedSnapshot& parts,
                     const std::function<Status(const std::string& blob)>& on_blob,
                     const SnapshotSource::EachEntry& on_entry) {
  FLOW_ASSIGN(const auto blobs, source.blobs(parts.blob));
  for (const auto& blob : blobs) FLOW_TRY(on_blob(blob));
  return source.entries(
      parts.state, parts.owned,
      [&](KeyGroup group, std::string_view key, std::string_view value) -> Status {
        if (!parts.owned.contains(group))
          return Error{Errc::corrupt_snapshot_part,
                       "cannot read the stored '" + std::string{parts.state} + "'"}
              .with_cause("an entry of key group " + std::to_string(group.value) +
                          " came where only " + std::to_string(parts.owned.first) + " to " +
                          std::to_string(parts.owned.last) + " (exclusive) were asked for");
        return on_entry(group, key, value);
      });
}

}  // namespace flow
