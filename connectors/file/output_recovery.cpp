// What a run finds of itself when it goes on: parts to make visible, parts to remove, or output
// that does not fit the snapshot.
#include "output_directory.hpp"

#include <algorithm>
#include <map>

namespace flow::file {

Status OutputDirectory::recover(FileSystem& files, FailurePoints& points, const std::string& job,
                                const std::string& lineage, std::uint32_t attempt,
                                const std::vector<Recovered>& last) {
  const std::lock_guard guard{mutex_};
  FLOW_ASSIGN(const auto marker, read_marker(files));
  if (marker && marker->lineage == lineage)
    FLOW_TRY(take_back_newer(files, points, *marker, last));
  else
    FLOW_TRY(check_not_lost(files, marker, last));
  if (const auto parts = parts_of(last); !parts.empty()) {
    FLOW_TRY(claim(files, &points, job, lineage));
    FLOW_TRY(make_visible(files, points, parts, true));
  }
  return remove_leftovers(files, points, lineage, attempt);
}

/// The marker is not ours. That is right before the first commit; behind it, what we committed has
/// been removed or replaced, and going on would leave a part of the rows.
Status OutputDirectory::check_not_lost(FileSystem& files, const std::optional<OutputMarker>& marker,
                                       const std::vector<Recovered>& last) const {
  if (existing_ == Existing::append) return {};
  bool lost = std::any_of(last.begin(), last.end(),
                          [](const Recovered& from) { return from.prepared.owned; });
  for (const auto& part : parts_of(last)) {
    FLOW_ASSIGN(const bool pending, exists(files, part.pending));
    lost = lost || !pending;
  }
  if (!lost) return {};
  return Error{Errc::output_lost,
               "'" + node_ + "' cannot find what it has committed to '" + names_.directory() + "'"}
      .with_cause(marker ? "a run of job '" + marker->job + "' has taken it over"
                         : "'" + names_.in_directory(names_.marker()) + "' is gone")
      .with_remedy(
          "put the output back; or start again with --fresh to write all of it anew; or say "
          "`existing: append` to go on with the rows that are missing");
}

/// Parts that were committed behind the snapshot: their rows are written again.
Status OutputDirectory::take_back_newer(FileSystem& files, FailurePoints& points,
                                        const OutputMarker& marker,
                                        const std::vector<Recovered>& last) const {
  std::map<std::uint32_t, std::uint64_t> next;
  for (const auto& from : last)
    next[from.subtask] = std::max(next[from.subtask], from.prepared.next);
  FLOW_ASSIGN(auto newer, visible_files(files));
  std::erase_if(newer, [&](const std::string& name) {
    if (is_among(marker.remove, name) || is_among(marker.foreign, name)) return true;
    const auto part = names_.parse_visible(name);
    const auto found = next.find(part->subtask);
    return found == next.end() || part->number < found->second;
  });
  if (newer.empty()) return {};
  if (existing_ == Existing::replace) return remove_all(files, &points, newer);
  return Error{Errc::output_exists, "'" + node_ + "' finds output in '" + names_.directory() +
                                        "' that is newer than the snapshot"}
      .with_cause("its rows would be written a second time")
      .with_note("files: " + some_of(newer))
      .with_remedy("move these files away, or say `existing: replace` on '" + node_ +
                   "' to have them removed");
}

/// Hidden parts of older attempts of this run, and of runs that can never be resumed: nobody but us
/// is alive.
Status OutputDirectory::remove_leftovers(FileSystem& files, FailurePoints& points,
                                         const std::string& lineage, std::uint32_t attempt) const {
  const auto tame = OutputNames::tame(lineage);
  FLOW_ASSIGN(const auto names, names_in(files));
  for (const auto& name : names) {
    const auto pending = names_.parse_pending(name);
    if (!pending) continue;
    const bool ours = pending->lineage == tame;
    const bool leftover = ours ? pending->attempt < attempt : !pending->resumable && is_held();
    if (!leftover) continue;
    FLOW_TRY(points.hit("file_sink.before_cleanup"));
    FLOW_TRY(remove(files, name));
  }
  return {};
}

}  // namespace flow::file
