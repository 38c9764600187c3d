#include "flow/state/block_pool.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <vector>

namespace flow {
namespace {

TEST_CASE("blocks are zeroed each time they are lent", "[unit][state]") {
  BlockPool pool{1_MiB};
  for (const auto size_class : {BlockPool::kSmallestClass, 16u, BlockPool::kLargestClass}) {
    for (int round = 0; round < 3; ++round) {
      auto* block = pool.allocate(size_class);
      const auto bytes = std::size_t{1} << size_class;
      CHECK(std::all_of(block, block + bytes, [](std::byte b) { return b == std::byte{0}; }));
      std::fill(block, block + bytes, std::byte{0xab});
      pool.release(block, size_class);
    }
  }
}

TEST_CASE("a pool keeps no more free bytes than it was told", "[unit][state]") {
  BlockPool pool{512_KiB};
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(pool.allocate(BlockPool::kLargestClass));
  CHECK(pool.in_use() == ByteCount{40 * 262144});
  for (auto* block : blocks) pool.release(block, BlockPool::kLargestClass);
  CHECK(pool.in_use() == ByteCount{0});
  CHECK(pool.free() == 512_KiB);
}

}  // namespace
}  // namespace flow
