# Proof that a checkpoint is complete, and all that is needed to go on from it. Written last, published by
# rename, never modified. The file is 32 bytes of header (README.md) and one message of this type.
# Fields are only ever added; meaning never changes under the same number.
@0xd2c1f0a55b3e7a41;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("flow::wire");

struct Manifest {
  job @0 :Text;
  lineage @1 :Text;              # id of the logical run; kept across restarts, new after a finished run
  epoch @2 :UInt64;              # of this checkpoint; strictly increasing within a job
  attempt @3 :UInt32;            # that published it
  keyFormat @4 :UInt32;          # version of key encoding and hash
  keyGroups @5 :UInt32;
  createdAtMicros @6 :Int64;     # since 1970-01-01T00:00:00Z
  engineVersion @7 :Text;
  plan @8 :Data;                 # the compiled plan, for people and tools
  planFingerprint @9 :UInt64;    # equal plans: state and positions mean the same
  operators @10 :List(Operator);
  committables @11 :List(Committable);
  enumerators @12 :List(NamedBytes);  # per source: where the enumeration of splits stands
  finished @13 :Bool;            # all input was read: the next run starts afresh

  # One operator's part of one subtask's snapshot.
  struct Operator {
    name @0 :Text;               # stable across restarts and rescaling
    subtask @1 :UInt32;
    parallelism @2 :UInt32;      # of the operator when the snapshot was taken
    owned @3 :KeyGroupRange;     # key groups the subtask owned; empty if it has none
    objects @4 :List(ObjectRef);
    blobs @5 :List(NamedBytes);  # positions, watermarks, continuations, waiting batches
  }

  struct ObjectRef {
    name @0 :Text;               # of an object in the store, see README.md
    bytes @1 :UInt64;            # exact size
    crc32c @2 :UInt32;           # of the whole object
    keyGroups @3 :KeyGroupRange; # entries outside of it are not part of the snapshot
  }

  struct Committable {
    sink @0 :Text;
    epoch @1 :UInt64;
    subtask @2 :UInt32;
    bytes @3 :Data;
  }
}

struct NamedBytes {
  name @0 :Text;
  bytes @1 :Data;
}

struct KeyGroupRange {
  first @0 :UInt32;              # half-open: [first, last)
  last @1 :UInt32;
}
