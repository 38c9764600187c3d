#pragma once

#include "workload.hpp"

#include <rocksdb/status.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace flow::bench {

struct GroupRange {
  std::uint32_t first = 0;
  std::uint32_t last = kGroups - 1;  ///< Included.
  [[nodiscard]] bool contains(std::uint32_t group) const noexcept {
    return group >= first && group <= last;
  }
};

/// What a snapshot form has cost so far. Bytes; seconds of wall-clock time.
struct FormFigures {
  std::uint64_t uploaded = 0;        ///< To the store, rewrites included.
  std::uint64_t uploaded_first = 0;  ///< Of these, what no rewrite caused.
  std::uint64_t written = 0;         ///< Locally besides.
  std::uint64_t in_store = 0;        ///< That the last snapshot references.
  std::uint64_t files = 0;           ///< Likewise.
  std::uint64_t runs_per_key = 0;    ///< Most files a read may have to look into.
  double stalled = 0;                ///< Writes that RocksDB held back.
  std::uint64_t level0_files = 0;    ///< Most there have been.
};

struct MoveFigures {
  double leave = 0;
  double come_back = 0;
  std::uint64_t entries = 0;
  std::uint64_t wrong = 0;  ///< Stale, missing or too many, of those that came back.
};

struct RestoreFigures {
  double first_reads = 0;  ///< Until a local RocksDB has answered for 1,000 random keys.
  double whole = 0;        ///< Until all entries have been read in order.
  std::uint64_t entries = 0;
  std::uint64_t wrong = 0;
};

/// A way to keep snapshots of a changing state in a store.
///
/// Thread: one, blocking: the I/O thread.
class SnapshotForm {
 public:
  virtual ~SnapshotForm() = default;
  /// The snapshot with these changes is durable in the store when it returns; `live`: bytes of all
  /// entries.
  virtual void checkpoint(const std::vector<Change>& changes, std::uint64_t live) = 0;
  [[nodiscard]] virtual FormFigures figures() = 0;
  /// Key groups leave this machine while others are written to, and come back as `versions` say.
  virtual MoveFigures move(GroupRange groups, std::span<const std::uint32_t> versions) = 0;
  /// On a machine that has nothing.
  virtual RestoreFigures restore(std::span<const std::uint32_t> versions) = 0;
};

struct FormPlan {
  std::filesystem::path local;
  std::filesystem::path store;
  std::uint32_t value_bytes = 100;
  /// delta: the files may have so many times the bytes of the live entries, besides once.
  double slack = 1.0;
  std::uint32_t parts = 64;        ///< delta: pieces in which the merged entries are rewritten.
  std::uint32_t most_deltas = 64;  ///< delta: more are merged among themselves first.
  bool cold_cache = false;         ///< delta: a local RocksDB takes every delta.
  bool universal = false;          ///< rocksdb: universal instead of leveled compaction.
};

std::unique_ptr<SnapshotForm> make_delta_form(const FormPlan& plan);
std::unique_ptr<SnapshotForm> make_rocksdb_form(const FormPlan& plan);

/// Ends the program if `status` is an error.
void must(const rocksdb::Status& status, const char* what);
/// Copies a file to the store and syncs it; returns its bytes.
std::uint64_t upload(const std::filesystem::path& from, const std::filesystem::path& to);
void sync_directory(const std::filesystem::path& directory);
double now_seconds();

/// Compares entries, that come in any order, with what is due in some key groups.
class Comparison {
 public:
  Comparison(std::span<const std::uint32_t> versions, GroupRange groups, std::uint32_t value_bytes)
      : versions_{versions}, groups_{groups}, value_bytes_{value_bytes} {}
  void entry(std::string_view key, std::string_view value);
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  /// Counts what is missing, too.
  [[nodiscard]] std::uint64_t wrong() const;

 private:
  std::span<const std::uint32_t> versions_;
  GroupRange groups_;
  std::uint32_t value_bytes_;
  std::uint64_t entries_ = 0;
  std::uint64_t right_ = 0;
  std::string scratch_;
};

}  // namespace flow::bench
