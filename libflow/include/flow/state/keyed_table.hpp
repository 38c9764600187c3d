#pragma once

#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/state/block_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// How a table knows its keys.
enum class KeyKind : std::uint8_t {
  /// One column of a fixed-width type, or no column: the canonical hash is a bijection of the
  /// value, so
  /// the hash (and a null bit) is the key.
  number,
  /// Anything else: the canonical encoding (record/key.hpp) lies in the sub-table's byte arena.
  encoded,
};

/// The keys of some rows, prepared once for a whole batch. All spans have the same length, or are
/// empty where said. Borrowed for the call.
struct KeySpan {
  std::span<const std::uint64_t> hashes;  ///< hash_rows().
  std::span<const std::uint8_t> nulls;    ///< number: 1 where the key is null; empty = no nulls.
  std::span<const std::string_view> encoded;  ///< encoded: encode_key(); empty for KeyKind::number.
};

/// Knows what the bytes of a value mean, where the table must know: to write an entry into a
/// snapshot and to free what a value owns outside its bytes.
class ValueCodec {
 public:
  virtual ~ValueCodec() = default;
  /// Appends the stored form of a value.
  virtual void encode(const std::byte* value, std::string& out) const = 0;
  /// Whether release() has anything to do.
  [[nodiscard]] virtual bool owns_memory() const noexcept { return false; }
  virtual void release(std::byte* /*value*/) const noexcept {}
};

/// Number of the snapshot that the next write belongs to; shared by all tables of an operator, so
/// that a barrier costs one increment however many tables there are.
struct SnapshotClock {
  std::uint32_t epoch = 1;
};

/// The hashes first … last, both included.
struct HashRange {
  std::uint64_t first = 0;
  std::uint64_t last = ~std::uint64_t{0};
  bool operator==(const HashRange&) const = default;
};
/// The hashes whose key_group_of() lies in `groups`.
HashRange hash_range_of(KeyGroupRange groups, std::uint32_t key_groups) noexcept;

struct TableOptions {
  KeyKind kind = KeyKind::number;
  std::uint32_t value_bytes = 8;      ///< Multiple of 8, at most kMaxValueBytes.
  HashRange hashes;                   ///< Of the key groups this subtask owns.
  const ValueCodec* codec = nullptr;  ///< Outlives the table.
};
inline constexpr std::uint32_t kMaxValueBytes = 4096;

/// A table from canonical keys to fixed-width values: open addressing, linear probing, load at most
/// 1/2.
///
/// The table is cut into sub-tables by ranges of the hash. Key groups are ranges of the hash too,
/// so the entries of a key group are neighbours whatever the number of groups, a table with few
/// entries is one small block, and a table with many never stops to grow as a whole: a sub-table of
/// at most 256 KiB grows, or is split in two. Inside a sub-table an entry's place is monotone in
/// its hash, so walking in (hash, key) order needs no large sort.
///
/// resolve() turns the keys of a batch into pointers before any row function runs; pointers hold
/// until the next call that may insert or erase. (A cold store below this table reads its misses
/// there, in one MultiGet per call, before returning.)
///
/// Snapshots: SnapshotClock::epoch is raised at the barrier, nothing else happens. Each entry
/// carries the epoch of its last write. A resolve() that meets an entry of an older epoch in a
/// sub-table that copy_out() has not reached yet keeps the old value aside first; erase() does the
/// same. copy_out() writes what was kept aside and, sub-table by sub-table, what was not written to
/// since: exactly the state at the barrier. The cost without a snapshot under way is one comparison
/// per row.
///
/// Owner: one operator.   Thread: actor-confined.
class KeyedTable {
 public:
  /// An entry, while nothing is inserted or erased.
  struct EntryRef {
    std::uint64_t hash = 0;
    std::byte* slot = nullptr;
  };
  /// Called for each entry by copy_out(). `encoded` is empty for KeyKind::number.
  using EntryWriter = std::function<Status(std::uint64_t hash, bool is_null,
                                           std::string_view encoded, std::string_view value)>;

  KeyedTable(const TableOptions& options, const SnapshotClock& clock, BlockPool& pool);
  ~KeyedTable();
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;

  /// Finds or inserts (zero-filled) the entries of `keys[positions[i]]`, or of `keys[i]` if
  /// positions is empty, from `from` on; `values[i]` is where the value of the i-th begins. All of
  /// them count as written to. Stops early when a sub-table must grow first: returns the index
  /// after the last resolved one, and the caller uses those pointers before it calls again.
  std::size_t resolve(const KeySpan& keys, std::span<const std::uint32_t> positions,
                      std::size_t from, std::span<std::byte*> values);
  /// The entry's value without writing to it; nullptr if there is none.
  [[nodiscard]] std::byte* find(std::uint64_t hash, bool is_null, std::string_view encoded) const;
  /// Removes an entry; false if there is none.
  bool erase(std::uint64_t hash, bool is_null, std::string_view encoded);
  /// Makes room for about `entries` in an empty table.
  void reserve(std::size_t entries);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  /// Collects the entries with hash >= `from` of the first sub-table that has any, ascending by
  /// (hash, key). Returns false if there is none; `next` is where to go on, 0 after the last
  /// sub-table.
  bool collect(std::uint64_t from, std::vector<EntryRef>& entries, std::uint64_t& next) const;
  [[nodiscard]] std::string_view encoded_key(const EntryRef& entry) const;
  [[nodiscard]] static bool is_null(const std::byte* slot) noexcept;
  [[nodiscard]] static std::byte* value_of(std::byte* slot) noexcept { return slot + kHeaderBytes; }
  /// Whether `a` comes before `b` in (hash, key) order.
  [[nodiscard]] bool less(const EntryRef& a, const EntryRef& b) const;

  /// Whether the snapshot that the clock began still needs something of this table.
  [[nodiscard]] bool needs_copy() const noexcept { return copied_ != clock_->epoch; }
  /// Writes about `budget` bytes of entries as of the last barrier and takes them off `budget`; at
  /// least one sub-table. True when all are written.
  Result<bool> copy_out(const EntryWriter& write, std::int64_t& budget);

  /// Frees about `blocks` sub-tables; true when the table is empty. Only legal if !needs_copy().
  bool release_some(std::size_t blocks) noexcept;

  static constexpr std::uint32_t kHeaderBytes = 16;

 private:
  struct Header {
    std::uint64_t hash;
    std::uint32_t epoch;  ///< 0: the slot is free.
    std::uint32_t key;    ///< number: 1 if null; encoded: offset / 8 in the arena.
  };
  struct SubTable {
    std::byte* slots = nullptr;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;
    std::uint32_t copied = 0;  ///< Last snapshot this sub-table was written for.
    std::uint8_t size_class = 0;
    std::uint8_t depth = 0;  ///< Leading bits of the position that its entries share.
    std::vector<std::byte> arena;
  };
  /// What resolve() needs of a sub-table, one per prefix of `depth_` bits.
  struct Place {
    std::byte* slots = nullptr;
    std::uint32_t capacity = 0;
    std::uint32_t sub = 0;
    std::uint8_t depth = 0;
  };
  static_assert(sizeof(Header) == kHeaderBytes);

  [[nodiscard]] std::uint64_t position_of(std::uint64_t hash) const noexcept {
    return (hash - options_.hashes.first) * scale_;
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t position) const noexcept {
    return static_cast<std::size_t>((position >> 1) >> (63 - depth_));
  }
  [[nodiscard]] static std::uint32_t home_of(std::uint64_t position, std::uint8_t depth,
                                             std::uint32_t capacity) noexcept;
  [[nodiscard]] static Header& header(std::byte* slot) noexcept {
    return *reinterpret_cast<Header*>(slot);
  }
  [[nodiscard]] std::string_view key_at(const SubTable& sub, const std::byte* slot) const noexcept;
  [[nodiscard]] bool same_key(const SubTable& sub, const std::byte* slot, bool is_null,
                              std::string_view encoded) const noexcept;
  template <KeyKind kind>
  std::size_t resolve_as(const KeySpan& keys, std::span<const std::uint32_t> positions,
                         std::size_t from, std::span<std::byte*> values);
  /// Makes a free slot an entry; false if the sub-table must grow first.
  bool insert(SubTable& sub, std::byte* slot, std::uint64_t hash);
  [[nodiscard]] static std::uint32_t limit_of(const SubTable& sub) noexcept;
  std::uint32_t append_key(SubTable& sub, std::string_view encoded);
  void touch(SubTable& sub, std::byte* slot);
  void keep_aside(const SubTable& sub, const std::byte* slot);
  std::uint32_t new_sub(std::uint8_t depth, std::uint32_t size_class);
  void free_slots(SubTable& sub) noexcept;
  void place_sub(std::size_t first, std::uint32_t index);
  void make_room(std::uint64_t position);
  void move_entry(const SubTable& from, std::byte* slot, SubTable& to);
  Status write_aside(const EntryWriter& write, std::int64_t& budget);
  Status write_sub(const SubTable& sub, const EntryWriter& write, std::int64_t& budget);

  TableOptions options_;
  const SnapshotClock* clock_;
  BlockPool* pool_;
  std::uint32_t stride_;
  std::uint64_t scale_ = 1;
  std::uint8_t depth_ = 0;
  std::size_t size_ = 0;
  std::vector<Place> places_;
  std::vector<SubTable> subs_;
  std::uint64_t arena_bytes_ = 0;

  bool blocked_ = false;  ///< resolve() stopped: make room at blocked_at_ first.
  std::uint64_t blocked_at_ = 0;

  std::uint32_t copied_;          ///< Last snapshot that is completely written.
  std::uint32_t walk_epoch_ = 0;  ///< Snapshot the walk below belongs to.
  std::uint64_t walk_ = 0;        ///< Positions below are written, unless walk_done_: all are.
  bool walk_done_ = false;
  std::string aside_;  ///< Old values of entries that were written to since the barrier.
  std::uint32_t aside_epoch_ = 0;
  std::string scratch_;
};

}  // namespace flow
