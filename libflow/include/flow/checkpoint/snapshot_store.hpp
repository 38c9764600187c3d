#pragma once

#include "flow/base/error.hpp"
#include "flow/base/failure_points.hpp"
#include "flow/base/file_system.hpp"
#include "flow/base/ids.hpp"
#include "flow/checkpoint/manifest.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Writes one immutable object. Without finish() the object does not count; the destructor leaves
/// what was written to garbage collection.
///
/// Thread: blocking, one writer at a time.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status append(std::span<const std::byte> bytes) = 0;
  /// The object and its name are durable when it returns. Called once.
  virtual Result<StoredObject> finish() = 0;
};

/// The place where one job's snapshots live: immutable objects, and manifests that are published
/// under a fence.
///
/// Exactly one attempt can publish at any time. take_over() is one atomic operation of the store:
/// after it no older attempt can publish or remove a manifest, however late it wakes up; only then
/// may the new one look which manifest is last. Attempt numbers strictly increase over all
/// processes. Of several that race exactly one wins.
///
/// Thread: thread-safe, blocking.
/// Errors: those of FileSystem, and fenced.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  /// Keeps a second process away for as long as the result lives. Errors: locked.
  virtual Result<std::unique_ptr<FileLock>> lock() = 0;

  /// The name comes from object_name().
  virtual Result<std::unique_ptr<ObjectWriter>> create_object(const std::string& name) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> open_object(const std::string& name) = 0;
  virtual Result<std::vector<std::string>> list_objects() = 0;
  virtual Status remove_object(const std::string& name) = 0;

  /// Who may publish; nothing if nobody ever took over. A reader may be outdated at once.
  virtual Result<std::optional<Attempt>> current_attempt() = 0;
  /// Errors: fenced if somebody else was faster.
  virtual Result<Attempt> take_over() = 0;

  /// Everything below fails with `fenced` if another attempt than `attempt` took over since.
  /// Epochs of the published manifests, ascending.
  virtual Result<std::vector<Epoch>> list_manifests(Attempt attempt) = 0;
  virtual Result<std::string> read_manifest(Attempt attempt, Epoch epoch) = 0;
  /// The manifest is published and durable when it returns ok. After an error it may or may not be
  /// published: nothing that depends on it may be undone, nor be relied on.
  virtual Status publish_manifest(Attempt attempt, Epoch epoch, std::string_view bytes) = 0;
  /// Durable when it returns.
  virtual Status remove_manifests(Attempt attempt, const std::vector<Epoch>& epochs) = 0;

  /// What messages call a manifest: its path.
  [[nodiscard]] virtual std::string describe_manifest(Attempt attempt, Epoch epoch) const = 0;
};

/// Snapshots of `job` under `<root>/<job>/`, on a local or shared file system. Creates nothing
/// before lock(), take_over() or create_object(). `files` and `failure_points` outlive it.
std::unique_ptr<SnapshotStore> make_directory_store(FileSystem& files, const std::string& root,
                                                    const std::string& job,
                                                    FailurePoints& failure_points);

/// Names of the jobs that have snapshots under `root`, sorted.
Result<std::vector<std::string>> list_jobs_with_snapshots(FileSystem& files,
                                                          const std::string& root);

/// `a<attempt>-e<epoch>-<label>`, safe as a file name whatever the label.
std::string object_name(Attempt attempt, Epoch epoch, std::string_view label);

struct ObjectNameParts {
  Attempt attempt;
  Epoch epoch;
  bool operator==(const ObjectNameParts&) const = default;
};
/// Nothing if the name did not come from object_name().
std::optional<ObjectNameParts> parse_object_name(std::string_view name);

}  // namespace flow
