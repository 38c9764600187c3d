#pragma once

#include "flow/base/random.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow::bench {

/// A key that was written to since the last barrier, as of that barrier.
struct Change {
  std::uint64_t key = 0;
  std::uint32_t version = 0;  ///< 0: the entry is gone.
};

struct WorkloadPlan {
  std::uint64_t keys = 2'000'000;
  std::uint32_t value_bytes = 100;
  double changed_per_second = 0.05;  ///< Writes per second, as a share of `keys`.
  double zipf = 0;                   ///< Exponent; 0 = uniform.
  double deletes = 0.02;             ///< Share of writes that remove the entry.
  std::uint32_t ttl_seconds = 0;     ///< Entries not written to for so long are removed; 0 = never.
  std::uint64_t seed = 1;
};

/// Keyed state under updates, deletes and TTL, of which only versions are kept: the bytes of a
/// value follow from key and version. Time is counted in steps of one second.
///
/// Thread: one.
class Workload {
 public:
  explicit Workload(const WorkloadPlan& plan);

  /// Every key once, as the first checkpoint sees them.
  std::vector<Change> load();
  /// Writes of one second.
  void step();
  /// What has changed since the last barrier, unsorted, each key once.
  std::vector<Change> barrier();

  [[nodiscard]] std::span<const std::uint32_t> versions() const noexcept { return versions_; }
  [[nodiscard]] std::uint64_t live() const noexcept { return live_; }
  /// Bytes of key and value of an entry.
  [[nodiscard]] std::uint64_t entry_bytes() const noexcept;
  [[nodiscard]] const WorkloadPlan& plan() const noexcept { return plan_; }

 private:
  void write(std::uint64_t key, std::uint32_t version);

  WorkloadPlan plan_;
  Random random_;
  std::vector<std::uint32_t> versions_;
  std::vector<std::uint32_t> dirty_epoch_;
  std::vector<std::uint32_t> written_at_;
  std::vector<std::uint64_t> dirty_;
  std::vector<double> ranks_;                    ///< Zipf: cumulated shares.
  std::vector<std::vector<std::uint64_t>> due_;  ///< TTL: keys to look at, by second modulo.
  std::uint32_t epoch_ = 1;
  std::uint32_t now_ = 0;
  std::uint64_t live_ = 0;
  double owed_ = 0;
};

inline constexpr std::uint32_t kGroups = 1024;
inline constexpr std::size_t kKeyBytes = 10;

/// Orders keys as their encodings do.
std::uint64_t scattered(std::uint64_t key);
/// Where the keys of a group begin.
std::string group_bound(std::uint32_t group);
/// Key group and scattered key, big-endian: sorted as state is.
std::string encode_key(std::uint64_t key);
std::uint64_t key_of(std::string_view encoded);
std::uint32_t group_of(std::uint64_t key);
/// One byte that tells entries from removals, then the value's bytes.
std::string_view encode_value(const Change& change, std::uint32_t bytes, std::string& scratch);

}  // namespace flow::bench
