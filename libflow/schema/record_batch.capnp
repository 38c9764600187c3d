# A batch of rows, column by column: what travels between SUBTASKs and is stored in snapshots.
#
# Any Cap'n Proto client can read it; our own writer encodes the root segment by hand (one encoder covers
# all types because every member of Column's union uses pointers 1 and 2) and lets every buffer be a
# segment of its own. libflow/schema/README.md shows the bytes. Fields are only ever added; meaning never
# changes under the same number.
@0xb3a1e7f0c2d94586;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("flow::wire");

enum BatchKind {
  insertOnly @0;
  changelog  @1;
}

struct RecordBatch {
  schemaId     @0 :UInt64;       # Fingerprint of the schema: names, types, nullability.
  numRows      @1 :UInt32;       # At most 2^20.
  kind         @2 :BatchKind;
  minEventTime @3 :Int64 = 0x7fffffffffffffff;   # Microseconds since 1970-01-01T00:00:00Z;
  maxEventTime @4 :Int64 = -0x8000000000000000;  # min > max: not known.
  rowKinds     @5 :Data;         # changelog only: one byte per row, 0 +I, 1 -U, 2 +U, 3 -D.
  columns      @6 :List(Column); # In the order of the schema.
}

# The buffers of Arrow's columnar format, except that dictionaries travel with each batch.
struct Column {
  nullCount @0 :UInt32;          # 0 in a constant and in allNull.
  validity  @1 :Data;            # Bitmap, least significant bit first, 1 = valid; empty = no nulls.
  union {
    allNull    @2  :Void;        # The type of a bare NULL.
    bools      @3  :Data;        # Bitmap.
    int32s     @4  :List(Int32);
    int64s     @5  :List(Int64);
    float64s   @6  :List(Float64);
    timestamps @7  :List(Int64); # Microseconds since 1970-01-01T00:00:00Z.
    dates      @8  :List(Int32); # Days since 1970-01-01.
    strings :group {             # UTF-8.
      offsets  @9  :List(UInt32);  # numRows + 1, the first is 0, never decreasing, the last is
      bytes    @10 :Data;          # the size of `bytes`.
    }
    binaries :group {
      offsets  @11 :List(UInt32);
      bytes    @12 :Data;
    }
    dictionary :group {
      codes    @13 :List(UInt32);  # Rows of `values`; null rows hold a code too.
      values   @14 :Column;        # Neither dictionary nor constant, no nulls, at least one row.
    }
    constant   @15 :Column;      # One row, neither dictionary nor constant: the value of every row.

    # Room that is taken but not yet used: this version of Flow neither writes nor accepts what follows.
    float32s   @16 :List(Float32);
    decimals :group {
      precision @17 :UInt8;
      scale     @18 :Int8;
      values    @19 :Data;       # 16 bytes each, little endian two's complement.
    }
    intervals  @20 :Data;        # 16 bytes each: Int32 months, Int32 days, Int64 microseconds.
    list :group {
      offsets  @21 :List(UInt32);
      items    @22 :Column;
    }
    structure  @23 :List(Column);
    map :group {
      offsets  @24 :List(UInt32);
      entries  @25 :Column;      # A structure of two columns: keys without nulls, values.
    }
    json :group {
      offsets  @26 :List(UInt32);
      bytes    @27 :Data;
    }
  }
}
