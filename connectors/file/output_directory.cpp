#include "output_directory.hpp"

#include <algorithm>
#include <utility>

namespace flow::file {
Error OutputDirectory::describe(const Error& cause, const std::string& what) const {
  if (cause.code() == Errc::disk_full)
    return Error{Errc::disk_full, "'" + node_ + "' cannot " + what}
        .with_cause("no space left on device")
        .with_remedy("free space; the job goes on from its last checkpoint");
  auto error =
      Error{Errc::output_failed, "'" + node_ + "' cannot " + what}.with_cause(cause.reason());
  if (cause.code() == Errc::injected) return Error{cause};
  if (cause.code() == Errc::permission_denied) return std::move(error).with_retry(Retry::never);
  return error;
}

Result<std::optional<OutputMarker>> OutputDirectory::read_marker(FileSystem& files) const {
  const auto path = names_.in_directory(names_.marker());
  const auto text = files.read_all(path);
  if (!text && text.error().code() == Errc::not_found) return std::optional<OutputMarker>{};
  if (!text) return describe(text.error(), "read '" + path + "'");
  auto marker = OutputMarker::parse(*text);
  if (!marker)
    return Error{Errc::output_exists, "'" + path + "' cannot be read"}.with_remedy(
        "somebody changed it; remove it and say `existing: append` or `existing: replace`");
  return marker;
}

Status OutputDirectory::write_marker(FileSystem& files, const OutputMarker& marker) const {
  const auto path = names_.in_directory(names_.marker());
  if (auto status = files.write_atomically(path, marker.to_text()); !status)
    return describe(status.error(), "write '" + path + "'");
  return {};
}

Result<std::vector<std::string>> OutputDirectory::names_in(FileSystem& files) const {
  std::vector<std::string> names;
  const auto entries = files.list(names_.directory());
  if (!entries && entries.error().code() == Errc::not_found) return names;
  if (!entries) return describe(entries.error(), "list '" + names_.directory() + "'");
  for (const auto& entry : *entries) names.push_back(entry.path.substr(entry.path.rfind('/') + 1));
  return names;
}

Result<std::vector<std::string>> OutputDirectory::visible_files(FileSystem& files) const {
  FLOW_ASSIGN(auto names, names_in(files));
  std::erase_if(names, [&](const std::string& name) { return !names_.parse_visible(name); });
  return names;
}

Result<bool> OutputDirectory::exists(FileSystem& files, const std::string& name) const {
  const auto path = names_.in_directory(name);
  const auto found = files.stat(path);
  if (!found && found.error().code() != Errc::not_found)
    return describe(found.error(), "look at '" + path + "'");
  return found.has_value();
}

Status OutputDirectory::remove(FileSystem& files, const std::string& name) const {
  const auto path = names_.in_directory(name);
  const auto status = files.remove(path);
  if (!status && status.error().code() != Errc::not_found)
    return describe(status.error(), "remove '" + path + "'");
  return {};
}

/// What a new run removes at its first commit; an error if something is there that it must not
/// remove.
Result<std::vector<std::string>> OutputDirectory::replaceable(
    FileSystem& files, const std::string& job, const std::optional<OutputMarker>& marker) const {
  if (existing_ == Existing::append) return std::vector<std::string>{};
  FLOW_ASSIGN(auto found, visible_files(files));
  if (existing_ == Existing::replace) return found;
  const bool ours = marker && marker->job == job && marker->finished;
  std::vector<std::string> strangers;
  for (const auto& name : found)
    if (!ours || !is_among(marker->files, name)) strangers.push_back(name);
  if (strangers.empty()) return found;
  std::string why = "no run of this job wrote it";
  if (marker && marker->job != job) why = "job '" + marker->job + "' writes there";
  if (marker && marker->job == job && !marker->finished)
    why = "an earlier run of this job wrote it and did not finish";
  if (ours) why = "the last run of this job did not write it";
  return Error{Errc::output_exists, "'" + node_ + "' finds output in '" + names_.directory() + "'"}
      .with_cause(why)
      .with_note("files: " + some_of(strangers))
      .with_remedy("move the files away, or say `existing: append` or `existing: replace` on '" +
                   node_ + "'");
}

Status OutputDirectory::check(FileSystem& files, const std::string& job, bool fresh) {
  const auto unwritable = [&](const Error& cause) {
    if (cause.code() == Errc::disk_full)
      return describe(cause, "write to '" + names_.directory() + "'");
    return Error{Errc::output_unwritable,
                 "'" + node_ + "' cannot write to '" + names_.directory() + "'"}
        .with_cause(cause.reason());
  };
  if (auto status = files.create_directories_durably(names_.directory()); !status)
    return unwritable(status.error());
  const auto probe = names_.in_directory(names_.probe());
  auto file = files.create(probe);
  if (!file) return unwritable(file.error());
  if (auto status = (*file)->close(); !status) return unwritable(status.error());
  if (auto status = files.remove(probe); !status) return unwritable(status.error());
  leave();
  auto lock = files.lock(names_.in_directory(names_.lock()));
  if (!lock && lock.error().code() == Errc::locked)
    return Error{Errc::locked, "'" + node_ + "' cannot have the output '" + names_.directory() +
                                   "/" + names_.pattern() + "' for itself"}
        .with_cause(lock.error().cause())
        .with_remedy("wait until that run has ended, or give one of them another name");
  if (!lock) return unwritable(lock.error());
  {
    const std::lock_guard guard{lock_mutex_};
    lock_ = std::move(*lock);
  }
  if (!fresh) return {};
  FLOW_ASSIGN(const auto marker, read_marker(files));
  auto allowed = replaceable(files, job, marker);
  if (!allowed) return std::move(allowed).error();
  return {};
}

Status OutputDirectory::claim(FileSystem& files, FailurePoints* points, const std::string& job,
                              const std::string& lineage) {
  if (claimed_ == lineage) return {};
  FLOW_ASSIGN(auto found, read_marker(files));
  OutputMarker marker;
  if (found && found->lineage == lineage) {
    marker = std::move(*found);
  } else {
    marker.job = job;
    marker.lineage = lineage;
    FLOW_ASSIGN(marker.remove, replaceable(files, job, found));
    if (existing_ == Existing::append) {
      FLOW_ASSIGN(marker.foreign, visible_files(files));
      if (found && found->job == job)
        std::erase_if(marker.foreign,
                      [&](const std::string& name) { return is_among(found->files, name); });
    }
    if (points != nullptr) FLOW_TRY(points->hit("file_sink.before_claim"));
    FLOW_TRY(write_marker(files, marker));
    if (points != nullptr) FLOW_TRY(points->hit("file_sink.claimed"));
  }
  if (!marker.remove.empty()) {
    FLOW_TRY(remove_all(files, points, marker.remove));
    marker.remove.clear();
    FLOW_TRY(write_marker(files, marker));
  }
  claimed_ = lineage;
  return {};
}

Status OutputDirectory::remove_all(FileSystem& files, FailurePoints* points,
                                   const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    FLOW_TRY(remove(files, name));
    if (points != nullptr) FLOW_TRY(points->hit("file_sink.replaced_one"));
  }
  if (auto status = files.sync_directory(names_.directory()); !status)
    return describe(status.error(), "synchronise '" + names_.directory() + "'");
  return {};
}

Status OutputDirectory::commit(FileSystem& files, FailurePoints& points, const std::string& job,
                               const std::string& lineage, const std::vector<PreparedPart>& parts) {
  if (parts.empty()) return {};
  const std::lock_guard guard{mutex_};
  FLOW_TRY(claim(files, &points, job, lineage));
  return make_visible(files, points, parts, false);
}

/// `again`: after a recovery, when a part may have been made visible and taken away by somebody.
Status OutputDirectory::make_visible(FileSystem& files, FailurePoints& points,
                                     const std::vector<PreparedPart>& parts, bool again) {
  for (const auto& part : parts) {
    FLOW_TRY(points.hit("file_sink.before_rename"));
    const auto from = names_.in_directory(part.pending);
    const auto to = names_.in_directory(part.visible);
    FLOW_ASSIGN(const bool visible, exists(files, part.visible));
    FLOW_ASSIGN(const bool pending, exists(files, part.pending));
    if (visible && pending)
      return Error{Errc::output_exists, "'" + node_ + "' would overwrite '" + to + "'"}
          .with_cause("it is not a file of this run")
          .with_remedy("move it away; the job goes on from its last checkpoint");
    if (!visible && !pending && !again)
      return Error{Errc::output_lost, "'" + node_ + "' cannot find '" + from + "'"}
          .with_cause("it was prepared by a checkpoint and has not become visible")
          .with_remedy("somebody removed it; start again with --fresh to write the output anew");
    if (!pending) continue;  // Made visible before: by this commit, cut off and repeated.
    if (auto renamed = files.rename(from, to); !renamed)
      return describe(renamed.error(), "rename '" + from + "' to '" + part.visible + "'");
    FLOW_TRY(points.hit("file_sink.after_rename"));
  }
  if (auto status = files.sync_directory(names_.directory()); !status)
    return describe(status.error(), "synchronise '" + names_.directory() + "'");
  return points.hit("file_sink.committed");
}

void OutputDirectory::leave() {
  std::unique_ptr<FileLock> unlocked;
  const std::lock_guard guard{lock_mutex_};
  unlocked = std::move(lock_);
}

bool OutputDirectory::is_held() const {
  const std::lock_guard guard{lock_mutex_};
  return lock_ != nullptr;
}

bool OutputDirectory::is_owned_by(const std::string& lineage) {
  const std::lock_guard guard{mutex_};
  return claimed_ == lineage;
}

Result<std::uint64_t> OutputDirectory::next_part(FileSystem& files, const std::string& lineage,
                                                 std::uint32_t subtask) {
  FLOW_ASSIGN(const auto marker, read_marker(files));
  // The files of an earlier run give way, so their numbers are free.
  const bool count_visible =
      existing_ == Existing::append || (marker && marker->lineage == lineage);
  std::uint64_t next = 0;
  const auto tame = OutputNames::tame(lineage);
  FLOW_ASSIGN(const auto names, names_in(files));
  for (const auto& name : names) {
    if (const auto part = names_.parse_visible(name);
        part && count_visible && part->subtask == subtask)
      next = std::max(next, part->number + 1);
    if (const auto pending = names_.parse_pending(name);
        pending && pending->lineage == tame && pending->part.subtask == subtask)
      next = std::max(next, pending->part.number + 1);
  }
  return next;
}

Status OutputDirectory::finish(FileSystem& files, const std::string& job,
                               const std::string& lineage) {
  const std::lock_guard guard{mutex_};
  FLOW_TRY(claim(files, nullptr, job, lineage));
  FLOW_ASSIGN(auto marker, read_marker(files));
  if (!marker || marker->lineage != lineage)
    return Error{Errc::output_lost, "'" + node_ + "' no longer owns '" + names_.directory() + "'"}
        .with_cause(marker ? "a run of job '" + marker->job + "' has taken it over"
                           : "somebody removed '" + names_.marker() + "'")
        .with_remedy("start again with --fresh to write the output anew");
  FLOW_ASSIGN(marker->files, visible_files(files));
  std::erase_if(marker->files,
                [&](const std::string& name) { return is_among(marker->foreign, name); });
  marker->finished = true;
  return write_marker(files, *marker);
}

}  // namespace flow::file
