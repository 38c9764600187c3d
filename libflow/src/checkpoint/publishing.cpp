#include "flow/checkpoint/publishing.hpp"

#include "directory_store.hpp"
#include "file_names.hpp"

#include "flow/base/crc32c.hpp"

#include <algorithm>
#include <set>

namespace flow {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

Result<Manifest> load(SnapshotStore& store, Attempt attempt, Epoch epoch) {
  FLOW_ASSIGN(const std::string bytes, store.read_manifest(attempt, epoch));
  return decode_manifest(bytes, store.describe_manifest(attempt, epoch));
}

Error missing_object(const StoredObject& object) {
  return Error{Errc::snapshot_missing, "state object '" + object.name + "' does not exist"}
      .with_remedy("restore it, go on from another snapshot with --from, or start with --fresh");
}

Status verify_object(SnapshotStore& store, const StoredObject& object) {
  auto file = store.open_object(object.name);
  if (!file) {
    if (file.error().code() == Errc::not_found) return missing_object(object);
    return std::move(file).error();
  }
  const std::uint64_t size = (*file)->size();
  const std::string what = "cannot verify state object '" + object.name + "'";
  const std::string sizes =
      "it has " + format_count(size) + " bytes instead of " + format_count(object.bytes);
  if (size < object.bytes) return Error{Errc::snapshot_truncated, what}.with_cause(sizes);
  if (size > object.bytes) return Error{Errc::snapshot_corrupt, what}.with_cause(sizes);
  std::vector<std::byte> buffer(kReadBytes);
  std::uint32_t checksum = 0;
  for (std::uint64_t at = 0; at < size;) {
    FLOW_ASSIGN(const std::size_t got, (*file)->read_at(at, buffer));
    if (got == 0) return Error{Errc::snapshot_truncated, what}.with_cause(sizes);
    checksum = crc32c(std::span{buffer}.first(got), checksum);
    at += got;
  }
  if (checksum != object.crc32c) {
    return Error{Errc::snapshot_corrupt, what}.with_cause("its checksum differs");
  }
  return {};
}

// The entry of `directory` that is called `<prefix><number>` with the highest number; empty if
// none.
Result<std::string> find_highest(FileSystem& files, const std::string& directory,
                                 std::string_view prefix) {
  FLOW_ASSIGN(const auto entries, files.list(directory));
  std::optional<std::uint64_t> highest;
  std::string found;
  for (const FileInfo& entry : entries) {
    const auto name = std::string_view{entry.path}.substr(entry.path.rfind('/') + 1);
    const auto number = parse_numbered_name(name, prefix);
    if (!number || (highest && *highest > *number)) continue;
    highest = number;
    found = entry.path;
  }
  return found;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Manifests move with the publish directory whenever an attempt takes over: a path that was right
// when the user looked it up still leads to the same manifest.
Result<std::string> follow_take_overs(FileSystem& files, const std::string& path) {
  const std::string publish_path = parent_directory(path);
  if (!parse_numbered_name(last_name(path), "manifest-") ||
      !parse_numbered_name(last_name(publish_path), "publish-")) {
    return path;
  }
  FLOW_ASSIGN(const std::string current,
              find_highest(files, parent_directory(publish_path), "publish-"));
  return current.empty() ? path : current + "/" + std::string{last_name(path)};
}

}  // namespace

Result<TakenOver> take_over(SnapshotStore& store, FailurePoints& failure_points, Epoch oldest) {
  (void)failure_points;  // the store hits the points of taking over
  TakenOver result;
  FLOW_ASSIGN(result.attempt, store.take_over());
  FLOW_ASSIGN(const std::vector<Epoch> epochs, store.list_manifests(result.attempt));
  Epoch newest = epochs.empty() ? Epoch{} : epochs.back();
  if (!epochs.empty() && newest >= oldest) {
    FLOW_ASSIGN(Manifest last, load(store, result.attempt, newest));
    if (!last.finished) result.restore = std::move(last);
  }
  // Checkpoints that failed left objects at most; their epochs are not used again either.
  FLOW_ASSIGN(const std::vector<std::string> objects, store.list_objects());
  for (const std::string& name : objects) {
    if (const auto parts = parse_object_name(name)) newest = std::max(newest, parts->epoch);
  }
  result.next_epoch = {newest.value + 1};
  return result;
}

Status publish(SnapshotStore& store, FailurePoints& failure_points, const Manifest& manifest) {
  FLOW_ASSIGN(const std::string bytes, encode_manifest(manifest));
  FLOW_TRY(failure_points.hit("checkpoint.before_manifest"));
  FLOW_TRY(store.publish_manifest(manifest.attempt, manifest.epoch, bytes));
  return failure_points.hit("checkpoint.after_manifest");
}

Result<Collected> collect_garbage(SnapshotStore& store, FailurePoints& failure_points,
                                  Attempt attempt, std::uint32_t retained) {
  FLOW_CHECK(retained >= 1, "the last manifest is always kept");
  Collected collected;
  FLOW_ASSIGN(std::vector<Epoch> epochs, store.list_manifests(attempt));
  if (epochs.empty()) return collected;

  // From the directory alone, not from memory: a publication that seemed to fail may have
  // succeeded.
  const std::size_t kept = std::min<std::size_t>(retained, epochs.size());
  const std::vector<Epoch> keep(epochs.end() - static_cast<std::ptrdiff_t>(kept), epochs.end());
  epochs.resize(epochs.size() - kept);
  std::set<std::string, std::less<>> reachable;
  for (const Epoch epoch : keep) {
    FLOW_ASSIGN(const Manifest manifest, load(store, attempt, epoch));
    for (const OperatorSnapshot& part : manifest.operators) {
      for (const ObjectRef& ref : part.objects) reachable.insert(ref.object.name);
    }
  }

  // Manifests first, durably: none may ever be seen that names what is gone.
  FLOW_TRY(failure_points.hit("collect.before_manifest"));
  FLOW_TRY(store.remove_manifests(attempt, epochs));
  collected.manifests = epochs.size();

  FLOW_ASSIGN(const std::vector<std::string> objects, store.list_objects());
  for (const std::string& name : objects) {
    const auto parts = parse_object_name(name);
    if (!parts || reachable.contains(name)) continue;
    if (parts->attempt > attempt) continue;  // we are the zombie
    // Our own newer epochs are being written; those of dead attempts will never be published.
    if (parts->attempt == attempt && parts->epoch > keep.back()) continue;
    FLOW_TRY(failure_points.hit("collect.before_object"));
    FLOW_TRY(store.remove_object(name));
    ++collected.objects;
  }
  FLOW_TRY(failure_points.hit("collect.after"));
  return collected;
}

Result<OpenedSnapshot> open_snapshot(FileSystem& files, const std::string& path,
                                     FailurePoints& failure_points) {
  FLOW_ASSIGN(std::string manifest_path, follow_take_overs(files, path));
  FLOW_ASSIGN(const FileInfo info, files.stat(manifest_path));
  if (info.is_directory) {
    FLOW_ASSIGN(const std::string publish_path, find_highest(files, path, "publish-"));
    manifest_path.clear();
    if (!publish_path.empty()) {
      FLOW_ASSIGN(manifest_path, find_highest(files, publish_path, "manifest-"));
    }
    if (manifest_path.empty()) {
      return Error{Errc::not_found, "no snapshot in '" + path + "'"}.with_remedy(
          "name a manifest, or the directory of a job below the checkpoint directory");
    }
  }
  FLOW_ASSIGN(const std::string bytes, files.read_all(manifest_path, 1_GiB));
  FLOW_ASSIGN(Manifest manifest, decode_manifest(bytes, manifest_path));
  // <job>/publish-<attempt>/manifest-<epoch>
  auto store = open_directory_store(files, parent_directory(parent_directory(manifest_path)),
                                    failure_points);
  return OpenedSnapshot{std::move(manifest), std::move(store)};
}

Status verify_objects(SnapshotStore& store, const Manifest& manifest) {
  std::set<std::string, std::less<>> done;
  for (const OperatorSnapshot& part : manifest.operators) {
    for (const ObjectRef& ref : part.objects) {
      if (done.insert(ref.object.name).second) FLOW_TRY(verify_object(store, ref.object));
    }
  }
  return {};
}

}  // namespace flow
