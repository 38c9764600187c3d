#include "directory_store.hpp"

#include "file_names.hpp"

#include "flow/base/crc32c.hpp"
#include "flow/checkpoint/snapshot_store.hpp"

#include <algorithm>

namespace flow {
namespace {

// The layout is described in README.md.
constexpr std::string_view kObjects = "objects";
constexpr std::string_view kFormatFile = "format";
constexpr std::string_view kLockFile = "lock";
constexpr std::string_view kOwnerFile = "owner";
constexpr std::string_view kPublish = "publish-";
constexpr std::string_view kStaging = "staging-";
constexpr std::string_view kManifest = "manifest-";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kFormat = "flow snapshots 1\n";  // of the layout, not of the files
constexpr std::string_view kFormatOfAny = "flow snapshots ";
constexpr int kLookups = 16;  // of a directory that others rename meanwhile

std::string_view last_name(const std::string& path) {
  return std::string_view{path}.substr(path.rfind('/') + 1);
}

bool is_absence(const Error& error) { return error.code() == Errc::not_found; }

class FileObjectWriter final : public ObjectWriter {
 public:
  FileObjectWriter(FileSystem& files, FailurePoints& points, std::unique_ptr<WritableFile> file,
                   std::string directory, std::string name)
      : files_{files}, points_{points}, file_{std::move(file)}, directory_{std::move(directory)} {
    object_.name = std::move(name);
  }

  Status append(std::span<const std::byte> bytes) override {
    FLOW_TRY(file_->append(bytes));
    object_.crc32c = crc32c(bytes, object_.crc32c);
    object_.bytes += bytes.size();
    return {};
  }

  Result<StoredObject> finish() override {
    FLOW_TRY(file_->sync());
    FLOW_TRY(file_->close());
    FLOW_TRY(files_.sync_directory(directory_));
    FLOW_TRY(points_.hit("checkpoint.after_object"));
    return object_;
  }

 private:
  FileSystem& files_;
  FailurePoints& points_;
  std::unique_ptr<WritableFile> file_;
  std::string directory_;
  StoredObject object_;
};

class DirectoryStore final : public SnapshotStore {
 public:
  DirectoryStore(FileSystem& files, std::string directory, FailurePoints& points)
      : files_{files}, directory_{std::move(directory)}, points_{points} {}

  Result<std::unique_ptr<FileLock>> lock() override {
    FLOW_TRY(files_.create_directories_durably(directory_));
    auto lock = files_.lock(path(kLockFile));
    if (lock || lock.error().code() != Errc::locked) return lock;
    return Error{Errc::locked, "cannot use '" + directory_ + "'"}
        .with_cause(lock.error().cause())
        .with_remedy("stop the other run of this job, or set another checkpoints.directory");
  }

  Result<std::unique_ptr<ObjectWriter>> create_object(const std::string& name) override {
    FLOW_CHECK(parse_object_name(name).has_value(), name);
    FLOW_TRY(points_.hit("checkpoint.before_object"));
    FLOW_ASSIGN(auto file, files_.create(object_path(name)));
    return std::unique_ptr<ObjectWriter>{
        std::make_unique<FileObjectWriter>(files_, points_, std::move(file), path(kObjects), name)};
  }

  Result<std::unique_ptr<ReadableFile>> open_object(const std::string& name) override {
    FLOW_CHECK(parse_object_name(name).has_value(), name);
    return files_.open(object_path(name));
  }

  Result<std::vector<std::string>> list_objects() override {
    std::vector<std::string> names;
    FLOW_ASSIGN(const auto entries, files_.list(path(kObjects)));
    for (const FileInfo& entry : entries) {
      // What we did not write is not ours to list, and so never removed.
      if (parse_object_name(last_name(entry.path))) names.emplace_back(last_name(entry.path));
    }
    return names;
  }

  Status remove_object(const std::string& name) override {
    FLOW_CHECK(parse_object_name(name).has_value(), name);
    Status removed = files_.remove(object_path(name));
    if (!removed && is_absence(removed.error())) return {};
    return removed;
  }

  Result<std::optional<Attempt>> current_attempt() override {
    const auto entries = files_.list(directory_);
    std::optional<Attempt> current;
    if (!entries) {
      if (is_absence(entries.error())) return current;
      return entries.error();
    }
    for (const FileInfo& entry : *entries) {
      const auto number = parse_numbered_name(last_name(entry.path), kPublish);
      if (!number || *number > UINT32_MAX) continue;
      const Attempt attempt{static_cast<std::uint32_t>(*number)};
      current = std::max(current.value_or(attempt), attempt);
    }
    return current;
  }

  Result<Attempt> take_over() override {
    FLOW_TRY(files_.create_directories_durably(path(kObjects)));
    FLOW_TRY(check_format());
    FLOW_ASSIGN(const std::optional<Attempt> before, look_for_current());
    FLOW_TRY(points_.hit("publish.before_takeover"));
    const Attempt mine{before ? before->value + 1 : 1};
    Status taken = before ? rename_to(mine, *before) : create_first(mine);
    if (taken) taken = settle(mine);
    // A name that vanishes in the middle means that somebody else moves things as well.
    if (!taken && is_absence(taken.error())) return lost_race(mine);
    FLOW_TRY(std::move(taken));
    FLOW_ASSIGN(const std::optional<Attempt> after, current_attempt());
    if (after != mine) return lost_race(mine);
    FLOW_TRY(points_.hit("publish.after_takeover"));
    return mine;
  }

  Result<std::vector<Epoch>> list_manifests(Attempt attempt) override {
    const auto entries = files_.list(publish_path(attempt));
    if (!entries) return explain(entries.error(), attempt);
    std::vector<Epoch> epochs;
    for (const FileInfo& entry : *entries) {
      if (const auto number = parse_numbered_name(last_name(entry.path), kManifest)) {
        epochs.push_back({*number});
      }
    }
    std::sort(epochs.begin(), epochs.end());
    return epochs;
  }

  Result<std::string> read_manifest(Attempt attempt, Epoch epoch) override {
    auto bytes = files_.read_all(manifest_path(attempt, epoch), 1_GiB);
    if (!bytes) return explain(bytes.error(), attempt);
    return bytes;
  }

  Status publish_manifest(Attempt attempt, Epoch epoch, std::string_view bytes) override {
    const std::string final_path = manifest_path(attempt, epoch);
    const std::string temporary = final_path + std::string{kTemporary};
    const auto write = [&]() -> Status {
      FLOW_ASSIGN(const auto file, files_.create(temporary));
      FLOW_TRY(file->append(std::as_bytes(std::span{bytes})));
      FLOW_TRY(file->sync());
      FLOW_TRY(file->close());
      FLOW_TRY(points_.hit("checkpoint.manifest_written"));
      // The fence: if another attempt has taken over, neither name exists any more.
      FLOW_TRY(files_.rename(temporary, final_path));
      return files_.sync_directory(publish_path(attempt));
    };
    Status written = write();
    if (!written) return explain(written.error(), attempt);
    return written;
  }

  Status remove_manifests(Attempt attempt, const std::vector<Epoch>& epochs) override {
    for (const Epoch epoch : epochs) {
      Status removed = files_.remove(manifest_path(attempt, epoch));
      if (!removed) return explain(removed.error(), attempt);
    }
    // Leftovers of publications that failed, none of one that may be under way: epochs ascend.
    FLOW_ASSIGN(const std::vector<Epoch> left, list_manifests(attempt));
    if (!left.empty()) FLOW_TRY(remove_temporaries(attempt, left.back()));
    Status synced = files_.sync_directory(publish_path(attempt));
    if (!synced) return explain(synced.error(), attempt);
    return synced;
  }

  [[nodiscard]] std::string describe_manifest(Attempt attempt, Epoch epoch) const override {
    return manifest_path(attempt, epoch);
  }

 private:
  [[nodiscard]] std::string path(std::string_view name) const {
    return directory_ + "/" + std::string{name};
  }
  [[nodiscard]] std::string object_path(const std::string& name) const {
    return path(kObjects) + "/" + name;
  }
  [[nodiscard]] std::string publish_path(Attempt attempt) const {
    return path(numbered_name(kPublish, attempt.value));
  }
  [[nodiscard]] std::string manifest_path(Attempt attempt, Epoch epoch) const {
    return publish_path(attempt) + "/" + numbered_name(kManifest, epoch.value);
  }

  // Refuses a directory that a later version laid out in another way, or that is not ours.
  Status check_format() {
    const auto format = files_.read_all(path(kFormatFile), 4_KiB);
    if (!format) return is_absence(format.error()) ? Status{} : Status{format.error()};
    if (*format == kFormat) return {};
    const std::string what = "cannot use '" + directory_ + "' for snapshots";
    if (format->starts_with(kFormatOfAny)) {
      return Error{Errc::snapshot_newer, what}
          .with_cause("a later version of Flow laid it out")
          .with_remedy("use that version, or another checkpoints.directory");
    }
    return Error{Errc::snapshot_foreign, what}
        .with_cause("'" + path(kFormatFile) + "' was not written by Flow")
        .with_remedy("set another checkpoints.directory");
  }

  // A listing that races with a rename may show neither name. If there ever was one, look again:
  // taking "none" at its word would create a second place to publish.
  Result<std::optional<Attempt>> look_for_current() {
    for (int i = 0; i < kLookups; ++i) {
      FLOW_ASSIGN(const std::optional<Attempt> current, current_attempt());
      if (current) return current;
      if (const auto format = files_.stat(path(kFormatFile)); !format) {
        if (is_absence(format.error())) return std::optional<Attempt>{};
        return format.error();
      }
    }
    return Error{Errc::fenced, "cannot take over '" + directory_ + "'"}
        .with_cause("other attempts keep taking over, or the publish directory was removed")
        .with_remedy("stop the other runs of this job; without any, move the directory away");
  }

  // The fence itself: one atomic operation, after which the old name leads nowhere.
  Status rename_to(Attempt mine, Attempt before) {
    // Says that a first attempt was there, before its directory can get another name.
    FLOW_TRY(write_format_file());
    return files_.rename(publish_path(before), publish_path(mine));
  }

  // Makes durable what was taken over, and removes what dead attempts left half done.
  Status settle(Attempt mine) {
    FLOW_TRY(files_.sync_directory(directory_));
    // What was renamed into the directory just before the fence fell must not get lost any more
    // either.
    FLOW_TRY(files_.sync_directory(publish_path(mine)));
    FLOW_TRY(remove_staging());
    // No publication is under way here: those of older attempts can no longer reach their files.
    return remove_temporaries(mine, {UINT64_MAX});
  }

  Status write_format_file() {
    if (const auto found = files_.stat(path(kFormatFile))) return {};
    return files_.write_atomically(path(kFormatFile), kFormat);
  }

  // A directory with something in it can be renamed onto nothing, but not onto another such
  // directory: so of several that race for the first attempt one wins.
  Status create_first(Attempt mine) {
    for (int i = 0; i < kLookups; ++i) {
      const std::string staging = path(numbered_name(kStaging, static_cast<std::uint64_t>(i)));
      if (files_.stat(staging)) continue;  // somebody else's, or left by a crash
      Status created = stage_and_rename(staging, publish_path(mine));
      if (!created && created.error().code() == Errc::already_exists) return lost_race(mine);
      FLOW_TRY(std::move(created));
      // If the name was free because the first attempt was already taken over, its successor has
      // written this file before.
      if (const auto format = files_.stat(path(kFormatFile)); !format) {
        return is_absence(format.error()) ? Status{} : Status{format.error()};
      }
      FLOW_TRY(files_.remove_all(publish_path(mine)));
      return lost_race(mine);
    }
    return lost_race(mine);
  }

  Status stage_and_rename(const std::string& staging, const std::string& target) {
    FLOW_TRY(files_.create_directories(staging));
    FLOW_ASSIGN(const auto file, files_.create(staging + "/" + std::string{kOwnerFile}));
    FLOW_TRY(file->sync());
    FLOW_TRY(file->close());
    FLOW_TRY(files_.sync_directory(staging));
    return files_.rename(staging, target);
  }

  Status remove_staging() {
    FLOW_ASSIGN(const auto entries, files_.list(directory_));
    for (const FileInfo& entry : entries) {
      if (last_name(entry.path).starts_with(kStaging)) FLOW_TRY(files_.remove_all(entry.path));
    }
    return {};
  }

  Status remove_temporaries(Attempt attempt, Epoch newest) {
    const auto entries = files_.list(publish_path(attempt));
    if (!entries) return explain(entries.error(), attempt);
    for (const FileInfo& entry : *entries) {
      std::string_view name = last_name(entry.path);
      if (!name.ends_with(kTemporary)) continue;
      name.remove_suffix(kTemporary.size());
      const auto number = parse_numbered_name(name, kManifest);
      if (!number || Epoch{*number} > newest) continue;
      Status removed = files_.remove(entry.path);
      if (!removed) return explain(removed.error(), attempt);
    }
    return {};
  }

  [[nodiscard]] Error lost_race(Attempt mine) const {
    return Error{Errc::fenced,
                 "cannot take over '" + directory_ + "' as attempt " + std::to_string(mine.value)}
        .with_cause("another attempt was faster")
        .with_remedy("run a job once per checkpoint directory");
  }

  // A path that vanished below us is the fence; anything else is what it says.
  Error explain(const Error& error, Attempt attempt) {
    if (!is_absence(error)) return error;
    const auto current = current_attempt();
    if (!current || *current == attempt) return error;  // nobody else: only the file is missing
    Error fenced{Errc::fenced, "attempt " + std::to_string(attempt.value) +
                                   " may no longer publish in '" + directory_ + "'"};
    if (!*current) return std::move(fenced).with_cause("its directory is gone");
    return std::move(fenced).with_cause("attempt " + std::to_string((*current)->value) +
                                        " has taken over");
  }

  FileSystem& files_;
  std::string directory_;
  FailurePoints& points_;
};

}  // namespace

std::unique_ptr<SnapshotStore> open_directory_store(FileSystem& files, std::string directory,
                                                    FailurePoints& points) {
  return std::make_unique<DirectoryStore>(files, std::move(directory), points);
}

std::unique_ptr<SnapshotStore> make_directory_store(FileSystem& files, const std::string& root,
                                                    const std::string& job,
                                                    FailurePoints& failure_points) {
  std::string directory = root;
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  directory += "/" + to_file_name(job);
  return open_directory_store(files, std::move(directory), failure_points);
}

Result<std::vector<std::string>> list_jobs_with_snapshots(FileSystem& files,
                                                          const std::string& root) {
  FLOW_ASSIGN(const auto entries, files.list(root));
  std::vector<std::string> jobs;
  for (const FileInfo& entry : entries) {
    if (!entry.is_directory) continue;
    FLOW_ASSIGN(const auto inside, files.list(entry.path));
    const bool is_job = std::any_of(inside.begin(), inside.end(), [](const FileInfo& each) {
      return parse_numbered_name(last_name(each.path), kPublish).has_value();
    });
    const auto name = from_file_name(last_name(entry.path));
    if (is_job && name) jobs.push_back(*name);
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

}  // namespace flow
