#include "output_directory.hpp"

#include "flow/base/byte_io.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace flow::file {
namespace {

using nlohmann::json;

}  // namespace

std::string PreparedPart::encode(const std::vector<PreparedPart>& parts) {
  if (parts.empty()) return {};
  ByteWriter out;
  out.put(std::uint8_t{1});
  out.put(static_cast<std::uint32_t>(parts.size()));
  for (const auto& part : parts) {
    out.put_string(part.pending);
    out.put_string(part.visible);
    out.put(part.bytes);
  }
  return out.take();
}

Result<std::vector<PreparedPart>> PreparedPart::decode(std::string_view bytes) {
  std::vector<PreparedPart> parts;
  if (bytes.empty()) return parts;
  ByteReader in{bytes};
  const auto version = in.get<std::uint8_t>();
  const auto count = in.get_count(16);
  for (std::uint32_t i = 0; i < count; ++i) {
    PreparedPart part;
    part.pending = in.get_string();
    part.visible = in.get_string();
    part.bytes = in.get<std::uint64_t>();
    parts.push_back(std::move(part));
  }
  // A name must never lead out of the directory.
  const auto plain = [](const PreparedPart& part) {
    return part.pending.find('/') == std::string::npos &&
           part.visible.find('/') == std::string::npos;
  };
  if (!in.finished() || version != 1 || !std::all_of(parts.begin(), parts.end(), plain))
    return Error{Errc::bad_split, "a committable of a file sink cannot be read"};
  return parts;
}

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

Result<std::optional<OutputDirectory::Marker>> OutputDirectory::read_marker(
    FileSystem& files) const {
  const auto path = names_.in_directory(names_.marker());
  auto text = files.read_all(path);
  if (!text && text.error().code() == Errc::not_found) return std::optional<Marker>{};
  if (!text) return describe(text.error(), "read '" + path + "'");
  const auto parsed = json::parse(*text, nullptr, false);
  const auto texts = [&](const char* key) {
    std::vector<std::string> list;
    const auto found = parsed.find(key);
    if (found == parsed.end() || !found->is_array()) return list;
    for (const auto& each : *found)
      if (each.is_string() && each.get_ref<const std::string&>().find('/') == std::string::npos)
        list.push_back(each.get<std::string>());
    return list;
  };
  if (!parsed.is_object() || !parsed.contains("job") || !parsed["job"].is_string() ||
      !parsed.contains("lineage") || !parsed["lineage"].is_string())
    return Error{Errc::output_exists, "'" + path + "' cannot be read"}.with_remedy(
        "somebody changed it; remove it and say `existing: append` or `existing: replace`");
  Marker marker;
  marker.job = parsed["job"].get<std::string>();
  marker.lineage = parsed["lineage"].get<std::string>();
  marker.finished = parsed.contains("finished") && parsed["finished"] == true;
  marker.files = texts("files");
  marker.remove = texts("remove");
  marker.foreign = texts("foreign");
  return std::optional{std::move(marker)};
}

Status OutputDirectory::write_marker(FileSystem& files, const Marker& marker) const {
  json out{{"job", marker.job}, {"lineage", marker.lineage}, {"finished", marker.finished}};
  if (!marker.files.empty()) out["files"] = marker.files;
  if (!marker.remove.empty()) out["remove"] = marker.remove;
  if (!marker.foreign.empty()) out["foreign"] = marker.foreign;
  const auto path = names_.in_directory(names_.marker());
  const auto text = out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (auto status = files.write_atomically(path, text); !status)
    return describe(status.error(), "write '" + path + "'");
  return {};
}

Result<std::vector<std::string>> OutputDirectory::visible_files(FileSystem& files) const {
  auto entries = files.list(names_.directory());
  if (!entries) {
    if (entries.error().code() == Errc::not_found) return std::vector<std::string>{};
    return describe(entries.error(), "list '" + names_.directory() + "'");
  }
  std::vector<std::string> found;
  for (const auto& entry : *entries) {
    auto name = entry.path.substr(entry.path.rfind('/') + 1);
    if (names_.parse_visible(name)) found.push_back(std::move(name));
  }
  return found;
}

/// What a new run removes at its first commit; an error if something is there that it must not
/// remove.
Result<std::vector<std::string>> OutputDirectory::replaceable(
    FileSystem& files, const std::string& job, const std::optional<Marker>& marker) const {
  if (existing_ == Existing::append) return std::vector<std::string>{};
  FLOW_ASSIGN(auto found, visible_files(files));
  if (existing_ == Existing::replace) return found;
  const bool ours = marker && marker->job == job && marker->finished;
  std::vector<std::string> strangers;
  for (const auto& name : found)
    if (!ours || std::find(marker->files.begin(), marker->files.end(), name) == marker->files.end())
      strangers.push_back(name);
  if (strangers.empty()) return found;
  std::string list;
  for (std::size_t i = 0; i < strangers.size() && i < 3; ++i)
    list += (i == 0 ? "" : ", ") + strangers[i];
  if (strangers.size() > 3) list += ", …";
  std::string why = "no run of this job wrote it";
  if (marker && marker->job != job) why = "job '" + marker->job + "' writes there";
  if (marker && marker->job == job && !marker->finished)
    why = "an earlier run of this job wrote it and did not finish";
  if (ours) why = "the last run of this job did not write it";
  return Error{Errc::output_exists, "'" + node_ + "' finds output in '" + names_.directory() + "'"}
      .with_cause(why)
      .with_note("files: " + list)
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
  FLOW_TRY(remove_abandoned(files));
  if (!fresh) return {};
  FLOW_ASSIGN(const auto marker, read_marker(files));
  auto allowed = replaceable(files, job, marker);
  if (!allowed) return std::move(allowed).error();
  return {};
}

Status OutputDirectory::claim(FileSystem& files, FailurePoints* points, const std::string& job,
                              const std::string& lineage) {
  if (claimed_ == lineage) return {};
  // Writers in other processes stay out meanwhile.
  auto lock = files.lock(names_.in_directory(names_.lock()));
  if (!lock)
    return Error{Errc::output_failed, "'" + node_ + "' cannot claim '" + names_.directory() + "'"}
        .with_cause(lock.error().reason());
  FLOW_ASSIGN(auto found, read_marker(files));
  Marker marker;
  if (found && found->lineage == lineage) {
    marker = std::move(*found);
  } else {
    marker.job = job;
    marker.lineage = lineage;
    FLOW_ASSIGN(marker.remove, replaceable(files, job, found));
    if (existing_ == Existing::append) {
      FLOW_ASSIGN(marker.foreign, visible_files(files));
      if (found && found->job == job)
        std::erase_if(marker.foreign, [&](const std::string& name) {
          return std::find(found->files.begin(), found->files.end(), name) != found->files.end();
        });
    }
    if (points != nullptr) FLOW_TRY(points->hit("file_sink.before_claim"));
    FLOW_TRY(write_marker(files, marker));
    if (points != nullptr) FLOW_TRY(points->hit("file_sink.claimed"));
  }
  if (!marker.remove.empty()) {
    for (const auto& name : marker.remove) {
      const auto path = names_.in_directory(name);
      auto status = files.remove(path);
      if (!status && status.error().code() != Errc::not_found)
        return describe(status.error(), "remove '" + path + "'");
      if (points != nullptr) FLOW_TRY(points->hit("file_sink.replaced_one"));
    }
    if (auto status = files.sync_directory(names_.directory()); !status)
      return describe(status.error(), "synchronise '" + names_.directory() + "'");
    marker.remove.clear();
    FLOW_TRY(write_marker(files, marker));
  }
  claimed_ = lineage;
  return {};
}

Status OutputDirectory::commit(FileSystem& files, FailurePoints& points, const std::string& job,
                               const std::string& lineage, const std::vector<PreparedPart>& parts,
                               bool again) {
  if (parts.empty()) return {};
  const std::lock_guard guard{mutex_};
  FLOW_TRY(claim(files, &points, job, lineage));
  for (const auto& part : parts) {
    FLOW_TRY(points.hit("file_sink.before_rename"));
    const auto from = names_.in_directory(part.pending);
    const auto to = names_.in_directory(part.visible);
    auto renamed = files.rename(from, to);
    if (!renamed && renamed.error().code() == Errc::not_found) {
      // Made visible before: by this commit, cut off and repeated.
      const auto visible = files.stat(to);
      if (!visible && (visible.error().code() != Errc::not_found || !again))
        return Error{Errc::output_lost, "'" + node_ + "' cannot find '" + from + "'"}
            .with_cause("it was prepared by a checkpoint and has not become visible")
            .with_remedy("somebody removed it; start again with --fresh to write the output anew");
    } else if (!renamed) {
      return describe(renamed.error(), "rename '" + from + "' to '" + part.visible + "'");
    }
    FLOW_TRY(points.hit("file_sink.after_rename"));
  }
  if (auto status = files.sync_directory(names_.directory()); !status)
    return describe(status.error(), "synchronise '" + names_.directory() + "'");
  return points.hit("file_sink.committed");
}

Status OutputDirectory::remove_leftovers(FileSystem& files, FailurePoints& points,
                                         const std::string& lineage, std::uint32_t attempt) {
  auto entries = files.list(names_.directory());
  if (!entries) {
    if (entries.error().code() == Errc::not_found) return {};
    return describe(entries.error(), "list '" + names_.directory() + "'");
  }
  const auto tame = OutputNames::tame(lineage);
  for (const auto& entry : *entries) {
    const auto pending = names_.parse_pending(entry.path.substr(entry.path.rfind('/') + 1));
    if (!pending || pending->lineage != tame || pending->attempt >= attempt) continue;
    FLOW_TRY(points.hit("file_sink.before_cleanup"));
    auto status = files.remove(entry.path);
    if (!status && status.error().code() != Errc::not_found)
      return describe(status.error(), "remove '" + entry.path + "'");
  }
  return {};
}

Status OutputDirectory::hold_run(FileSystem& files, const std::string& lineage) {
  const std::lock_guard guard{run_mutex_};
  if (held_run_ == lineage) return {};
  const auto path = names_.in_directory(names_.run_lock(lineage));
  // A run that starts may have it for a moment, to see whether this one is alive. Without it that
  // run could take our parts away.
  auto lock = files.lock(path);
  if (!lock) return describe(lock.error(), "lock '" + path + "'");
  run_lock_ = std::move(*lock);
  held_run_ = lineage;
  return {};
}

/// What runs that died without checkpoints left. What cannot be removed stays for the next run.
Status OutputDirectory::remove_abandoned(FileSystem& files) const {
  auto entries = files.list(names_.directory());
  if (!entries) return describe(entries.error(), "list '" + names_.directory() + "'");
  for (const auto& entry : *entries) {
    const auto lineage = names_.parse_run_lock(entry.path.substr(entry.path.rfind('/') + 1));
    if (!lineage) continue;
    const auto lock = files.lock(entry.path);
    if (!lock) continue;
    bool all = true;
    for (const auto& part : *entries) {
      const auto pending = names_.parse_pending(part.path.substr(part.path.rfind('/') + 1));
      if (!pending || pending->lineage != *lineage) continue;
      const auto status = files.remove(part.path);
      all = all && (status || status.error().code() == Errc::not_found);
    }
    // Last, as its absence says that nothing may be removed.
    if (all) (void)files.remove(entry.path);
  }
  return {};
}

Result<std::uint64_t> OutputDirectory::next_part(FileSystem& files, const std::string& lineage,
                                                 std::uint32_t subtask) {
  FLOW_ASSIGN(const auto marker, read_marker(files));
  // The files of an earlier run give way, so their numbers are free.
  const bool count_visible =
      existing_ == Existing::append || (marker && marker->lineage == lineage);
  std::uint64_t next = 0;
  auto entries = files.list(names_.directory());
  if (!entries) {
    if (entries.error().code() == Errc::not_found) return next;
    return describe(entries.error(), "list '" + names_.directory() + "'");
  }
  const auto tame = OutputNames::tame(lineage);
  for (const auto& entry : *entries) {
    const auto name = entry.path.substr(entry.path.rfind('/') + 1);
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
    return Error{Errc::output_failed, "'" + node_ + "' no longer owns '" + names_.directory() + "'"}
        .with_cause("another run has claimed it");
  FLOW_ASSIGN(marker->files, visible_files(files));
  std::erase_if(marker->files, [&](const std::string& name) {
    return std::find(marker->foreign.begin(), marker->foreign.end(), name) != marker->foreign.end();
  });
  marker->finished = true;
  FLOW_TRY(write_marker(files, *marker));
  const std::lock_guard run_guard{run_mutex_};
  if (held_run_ == lineage) {
    // Nothing is left that it could tell of; if it stays, the next run removes it.
    (void)files.remove(names_.in_directory(names_.run_lock(lineage)));
    run_lock_.reset();
    held_run_.clear();
  }
  return {};
}

}  // namespace flow::file
