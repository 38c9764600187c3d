#include "flow/state/block_pool.hpp"

#include "flow/base/check.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace flow {
namespace {

constexpr std::uint32_t kFirstRegionClass = 16;
constexpr std::size_t kRegionBytes = std::size_t{2} << 20;

}  // namespace

/// 2 MiB of blocks of one class. Its first block holds this header, so that a block finds its
/// region by rounding down its address.
struct BlockPool::Region {
  std::uint32_t lent = 0;
  std::uint32_t cut = 1;  ///< Blocks handed out at least once; the header is the first.
};

BlockPool::BlockPool(ByteCount max_free) : max_free_{max_free.value} {}

BlockPool::~BlockPool() {
  for (std::uint32_t size_class = kSmallestClass; size_class <= kLargestClass; ++size_class) {
    for (auto* block : kept_[size_class]) {
      if (size_class >= kFirstRegionClass) {
        return_to_region(block, size_class);
      } else {
        std::free(block);
      }
    }
    if (current_[size_class] != nullptr && current_[size_class]->lent == 0)
      std::free(current_[size_class]);
  }
}

std::byte* BlockPool::cut_from_region(std::uint32_t size_class) {
  const auto per_region = static_cast<std::uint32_t>(kRegionBytes >> size_class);
  auto*& region = current_[size_class];
  if (region == nullptr || region->cut == per_region) {
    void* memory = std::aligned_alloc(kRegionBytes, kRegionBytes);
    if (memory == nullptr) throw std::bad_alloc{};
    // Only a wish: without huge pages everything works, more slowly.
    (void)madvise(memory, kRegionBytes, MADV_HUGEPAGE);
    // The old region stays alive through the blocks that were cut from it.
    if (region != nullptr && region->lent == 0) std::free(region);
    region = new (memory) Region{};
  }
  ++region->lent;
  return reinterpret_cast<std::byte*>(region) + (std::size_t{region->cut++} << size_class);
}

void BlockPool::return_to_region(std::byte* block, std::uint32_t size_class) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(block) & (std::uintptr_t{kRegionBytes} - 1);
  auto* region = reinterpret_cast<Region*>(block - offset);
  --region->lent;
  if (region->lent == 0 && region != current_[size_class]) std::free(region);
}

std::byte* BlockPool::allocate(std::uint32_t size_class) {
  FLOW_CHECK(size_class >= kSmallestClass && size_class <= kLargestClass);
  const auto bytes = std::size_t{1} << size_class;
  std::byte* block = nullptr;
  if (auto& kept = kept_[size_class]; !kept.empty()) {
    block = kept.back();
    kept.pop_back();
    free_ -= bytes;
  } else if (size_class >= kFirstRegionClass) {
    block = cut_from_region(size_class);
  } else {
    block = static_cast<std::byte*>(std::aligned_alloc(64, bytes));
    if (block == nullptr) throw std::bad_alloc{};
  }
  std::memset(block, 0, bytes);
  in_use_ += bytes;
  return block;
}

void BlockPool::release(std::byte* block, std::uint32_t size_class) noexcept {
  const auto bytes = std::size_t{1} << size_class;
  in_use_ -= bytes;
  if (free_ + bytes <= max_free_) {
    kept_[size_class].push_back(block);
    free_ += bytes;
  } else if (size_class >= kFirstRegionClass) {
    return_to_region(block, size_class);
  } else {
    std::free(block);
  }
}

}  // namespace flow
