#pragma once

#include "flow/base/units.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flow {

/// Lends blocks of power-of-two sizes to the tables of one operator and keeps returned ones for
/// reuse: a window that starts takes the memory of one that was dropped, already paged in.
///
/// Blocks of 64 KiB and more are cut from 2 MiB regions that ask for huge pages.
///
/// Owner: one operator; outlives its tables.   Thread: actor-confined.
/// Cost:  keeps at most `max_free` bytes that nobody uses.
class BlockPool {
 public:
  static constexpr std::uint32_t kSmallestClass = 9;  ///< 512 B.
  static constexpr std::uint32_t kLargestClass = 18;  ///< 256 KiB.

  explicit BlockPool(ByteCount max_free = 64_MiB);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// A zeroed block of 1 << size_class bytes, 64-byte aligned.
  std::byte* allocate(std::uint32_t size_class);
  void release(std::byte* block, std::uint32_t size_class) noexcept;

  /// Bytes lent out.
  [[nodiscard]] ByteCount in_use() const noexcept { return {in_use_}; }
  /// Bytes kept for reuse.
  [[nodiscard]] ByteCount free() const noexcept { return {free_}; }

 private:
  struct Region;
  std::byte* cut_from_region(std::uint32_t size_class);
  void return_to_region(std::byte* block, std::uint32_t size_class) noexcept;

  std::uint64_t max_free_;
  std::uint64_t in_use_ = 0;
  std::uint64_t free_ = 0;
  std::array<std::vector<std::byte*>, kLargestClass + 1> kept_;
  std::array<Region*, kLargestClass + 1> current_{};
};

}  // namespace flow
