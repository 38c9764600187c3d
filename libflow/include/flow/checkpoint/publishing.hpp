#pragma once

#include "flow/checkpoint/snapshot_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace flow {

/// What a new attempt finds.
struct TakenOver {
  Attempt attempt;
  /// The last published manifest, if an earlier run was cut off: go on from it. Nothing if there is
  /// none, if it is marked finished, or if it was not asked for.
  std::optional<Manifest> restore;
  /// Greater than every epoch that left a trace; the first one the attempt may use.
  Epoch next_epoch;
};

/// An `oldest` for take_over() that no manifest reaches: a run begins afresh.
inline constexpr Epoch kNoManifest{~std::uint64_t{0}};

/// Makes the caller the only attempt that can publish, then reads the last manifest.
///
/// Manifests of epochs before `oldest` are not looked at, readable or not (they are kept until new
/// ones are published). Errors: fenced; snapshot_* if the last manifest cannot be read, with the
/// remedy. Thread: blocking.
Result<TakenOver> take_over(SnapshotStore& store, FailurePoints& failure_points, Epoch oldest = {});

/// Publishes a checkpoint: it is complete the moment this returns ok. `manifest.attempt` is the
/// attempt that take_over() gave; every object it names is durable. See
/// SnapshotStore::publish_manifest for errors. Thread: blocking.
Status publish(SnapshotStore& store, FailurePoints& failure_points, const Manifest& manifest);

/// What collect_garbage() removed.
struct Collected {
  std::uint64_t manifests = 0;
  std::uint64_t objects = 0;
};

/// Removes all but the last `retained` (≥ 1) manifests, then every object that no retained manifest
/// names.
///
/// Call after a successful publish; safe beside writers of later epochs of the same attempt, beside
/// older attempts, and after a crash in its own middle. Objects of newer attempts are never
/// touched. Errors: fenced; a retained manifest that cannot be read stops it before any object is
/// removed. Thread: blocking.
Result<Collected> collect_garbage(SnapshotStore& store, FailurePoints& failure_points,
                                  Attempt attempt, std::uint32_t retained);

/// A manifest and the store that its objects are in.
struct OpenedSnapshot {
  Manifest manifest;
  std::unique_ptr<SnapshotStore> store;
};

/// Opens a snapshot that a user names: the path of a manifest, or of a job's directory (its last
/// one). A manifest's path stays right when attempts take over. Takes nothing over itself. Errors:
/// not_found, snapshot_*. Thread: blocking.
Result<OpenedSnapshot> open_snapshot(FileSystem& files, const std::string& path,
                                     FailurePoints& failure_points);

/// Reads every object of the manifest whole and compares sizes and checksums.
/// Errors: snapshot_missing, snapshot_truncated, snapshot_corrupt, with the object's name.
/// Thread: blocking.
Status verify_objects(SnapshotStore& store, const Manifest& manifest);

}  // namespace flow
