#include "flow/record/buffer.hpp"

#include "support/catch.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

namespace flow::testing {

TEST_CASE("a slab's class is the smallest that holds the bytes", "[unit][record]") {
  std::size_t bytes = 1;
  while (bytes < (std::size_t{1} << 30)) {
    const auto size_class = Slab::class_of(bytes);
    REQUIRE(Slab::capacity_of(size_class) >= bytes);
    REQUIRE(Slab::capacity_of(size_class) % alignof(Slab) == 0);
    if (size_class > 0) REQUIRE(Slab::capacity_of(size_class - 1) < bytes);
    bytes += 1 + bytes / 97;
  }
  CHECK(Slab::capacity_of(Slab::class_of(32768)) == 32768);
}

TEST_CASE("a buffer is aligned and has slack behind it", "[unit][record]") {
  const auto pool = SlabPool::make();
  for (const std::size_t size : {0u, 1u, 63u, 64u, 256u, 257u, 5000u, 32768u}) {
    Buffer buffer = Buffer::allocate(*pool, size);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(buffer.size() == size);
    CHECK(buffer.capacity() >= size);
    std::memset(buffer.mutable_data(), 0x5a, buffer.capacity() + kBufferSlack);
  }
}

TEST_CASE("a released slab is used again", "[unit][record]") {
  const auto pool = SlabPool::make();
  const void* first = nullptr;
  {
    const Buffer buffer = Buffer::allocate(*pool, 1000);
    first = buffer.slab_id();
  }
  CHECK(Buffer::allocate(*pool, 1000).slab_id() == first);
}

TEST_CASE("a slice keeps the slab alive and shares it", "[unit][record]") {
  const auto pool = SlabPool::make();
  Buffer whole = Buffer::allocate(*pool, 64);
  CHECK(whole.unique());
  std::memcpy(whole.mutable_data() + 8, "flow", 4);
  Buffer part = whole.slice(8, 4);
  CHECK_FALSE(whole.unique());
  CHECK(part.same_slab(whole));
  CHECK(part.capacity() == whole.capacity() - 8);
  whole = Buffer{};
  CHECK(part.unique());
  CHECK(std::memcmp(part.data(), "flow", 4) == 0);
}

TEST_CASE("a pool keeps at most max_free bytes of free slabs", "[unit][record]") {
  const auto pool = SlabPool::make(64_KiB);
  {
    std::vector<Buffer> many;
    for (int i = 0; i < 10; ++i) many.push_back(Buffer::allocate(*pool, 32768));
    CHECK(pool->usage().in_use == 10 * 32768);
    CHECK(pool->usage().free == 0);
  }
  pool->collect();
  CHECK(pool->usage().in_use == 0);
  CHECK(pool->usage().free == 2 * 32768);
}

TEST_CASE("a buffer outlives its pool's handle", "[unit][record]") {
  auto pool = SlabPool::make();
  Buffer first = Buffer::allocate(*pool, 100);
  Buffer second = Buffer::allocate(*pool, 100);
  { const Buffer released = Buffer::allocate(*pool, 100); }
  pool.reset();
  std::memset(first.mutable_data(), 1, 100);
  first = Buffer{};
  std::memset(second.mutable_data(), 2, 100);
  CHECK(second.data()[99] == std::byte{2});
}

TEST_CASE("slabs come home from other threads while the owner allocates", "[unit][record]") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  constexpr std::size_t kSlots = 64;
  auto pool = SlabPool::make(256_KiB);
  // One slot per buffer on its way; the owner fills free slots, the others empty full ones.
  struct Slot {
    std::atomic<bool> full{false};
    Buffer buffer;
  };
  std::array<std::array<Slot, kSlots>, kThreads> slots;
  std::atomic<std::uint64_t> checksum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t sum = 0;
      for (int i = 0; i < kRounds; ++i) {
        Slot& slot = slots[static_cast<std::size_t>(t)][static_cast<std::size_t>(i) % kSlots];
        while (!slot.full.load(std::memory_order_acquire)) std::this_thread::yield();
        const Buffer taken = std::move(slot.buffer);
        slot.full.store(false, std::memory_order_release);
        sum += static_cast<std::uint64_t>(taken.as<std::uint32_t>()[0]);
      }
      checksum += sum;
    });
  }
  std::optional<Buffer> shared = Buffer::allocate(*pool, 16);
  for (int i = 0; i < kRounds; ++i) {
    for (int t = 0; t < kThreads; ++t) {
      Slot& slot = slots[static_cast<std::size_t>(t)][static_cast<std::size_t>(i) % kSlots];
      while (slot.full.load(std::memory_order_acquire)) std::this_thread::yield();
      slot.buffer = Buffer::allocate(*pool, 64 + static_cast<std::size_t>(i % 7) * 900);
      slot.buffer.mutable_as<std::uint32_t>()[0] = static_cast<std::uint32_t>(i);
      slot.full.store(true, std::memory_order_release);
    }
    // Close the pool while buffers are still out in other threads.
    if (i == kRounds / 2) pool = SlabPool::make(256_KiB);
  }
  for (auto& thread : threads) thread.join();
  CHECK(checksum == std::uint64_t{kThreads} * kRounds * (kRounds - 1) / 2);
  pool->collect();
  CHECK(pool->usage().in_use == 0);
}

}  // namespace flow::testing
