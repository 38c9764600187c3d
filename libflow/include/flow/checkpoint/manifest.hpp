#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/base/random.hpp"
#include "flow/base/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// An immutable object in a snapshot store, as its writer saw it.
struct StoredObject {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;  ///< Of the whole object.
  bool operator==(const StoredObject&) const = default;
};

/// The part of an object that belongs to a snapshot. Rescaling moves references, not bytes.
struct ObjectRef {
  StoredObject object;
  KeyGroupRange key_groups;  ///< Entries outside of it are not part of the snapshot.
  bool operator==(const ObjectRef&) const = default;
};

/// Small plain data of one operator: positions, watermarks, continuations, waiting batches.
struct NamedBytes {
  std::string name;
  std::string bytes;
  bool operator==(const NamedBytes&) const = default;
};

/// One operator's (source's, sink's) part of one subtask's snapshot.
struct OperatorSnapshot {
  std::string operator_name;  ///< The link's name: how state is found again.
  SubtaskIndex subtask;
  std::uint32_t parallelism = 1;  ///< Of the operator when the snapshot was taken.
  KeyGroupRange owned;            ///< Key groups the subtask owned; empty if it has none.
  std::vector<ObjectRef> objects;
  std::vector<NamedBytes> blobs;
  bool operator==(const OperatorSnapshot&) const = default;
};

/// What a sink subtask prepared; committed after the manifest is durable, again after recovery.
struct SinkCommittable {
  std::string sink;
  Epoch epoch;
  SubtaskIndex subtask;
  std::string bytes;
  bool operator==(const SinkCommittable&) const = default;
};

/// Where the enumeration of a source's splits stands.
struct EnumeratorState {
  std::string source;
  std::string bytes;
  bool operator==(const EnumeratorState&) const = default;
};

/// Proof that a checkpoint is complete, and all that is needed to go on from it.
///
/// Thread: value.
struct Manifest {
  std::string job;
  std::string lineage;  ///< Id of the logical run: kept across restarts, new after a finished run.
  Epoch epoch;
  Attempt attempt;
  std::uint32_t key_format = 0;  ///< Version of key encoding and hash; 0 is refused.
  std::uint32_t key_groups = kDefaultKeyGroups;
  EventTime created_at;
  std::string engine_version;
  std::string plan;  ///< The compiled plan, for people and tools.
  std::uint64_t plan_fingerprint = 0;
  std::vector<OperatorSnapshot> operators;
  std::vector<SinkCommittable> committables;
  std::vector<EnumeratorState> enumerators;
  bool finished = false;  ///< All input was read: the next run starts afresh.
  bool operator==(const Manifest&) const = default;

  /// Bytes of all objects it names; each object counts once.
  [[nodiscard]] std::uint64_t object_bytes() const;
};

/// Serialises: 32 bytes of header (magic, version, sizes, checksum over everything) and a Cap'n
/// Proto message, libflow/schema/manifest.capnp. Errors: snapshot_too_large.
Result<std::string> encode_manifest(const Manifest& manifest);

/// Reads untrusted bytes; `name` is what messages call them. Errors: snapshot_foreign,
/// snapshot_truncated, snapshot_corrupt, snapshot_newer.
Result<Manifest> decode_manifest(std::string_view bytes, std::string_view name);

/// A new id of a logical run: 32 hexadecimal digits.
std::string make_lineage(Random& random);

}  // namespace flow
