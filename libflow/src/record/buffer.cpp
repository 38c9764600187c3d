#include "flow/record/buffer.hpp"

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define FLOW_POISON_SLABS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLOW_POISON_SLABS 1
#endif
#endif
#ifdef FLOW_POISON_SLABS
#include <sanitizer/asan_interface.h>
#endif

namespace flow {
namespace {

/// Allocations between two looks at the stack of returned slabs, when none is missing.
constexpr std::uint32_t kCollectEvery = 64;

// AddressSanitizer shall see the use of a slab after its release, although the memory stays ours.
void poison([[maybe_unused]] Slab* slab) noexcept {
#ifdef FLOW_POISON_SLABS
  ASAN_POISON_MEMORY_REGION(slab->data(), slab->capacity() + kBufferSlack);
#endif
}
void unpoison([[maybe_unused]] Slab* slab) noexcept {
#ifdef FLOW_POISON_SLABS
  ASAN_UNPOISON_MEMORY_REGION(slab->data(), slab->capacity() + kBufferSlack);
#endif
}

void destroy(Slab* slab) noexcept {
  unpoison(slab);
  slab->~Slab();
  std::free(slab);
}

// Owner-written counters that other threads may read: no read-modify-write needed.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}
void subtract(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
}

}  // namespace

PoolHandle SlabPool::make(ByteCount max_free) { return PoolHandle{new SlabPool{max_free}}; }

Slab* SlabPool::allocate(std::size_t bytes) {
  const auto size_class = Slab::class_of(bytes);
  if (size_class >= kClasses) throw std::bad_alloc{};
  if (free_[size_class] == nullptr || ++since_collect_ >= kCollectEvery) collect();
  Slab* slab = free_[size_class];
  if (slab == nullptr) return create(size_class);
  free_[size_class] = slab->next;
  subtract(free_bytes_, slab->capacity());
  unpoison(slab);
  slab->references.store(1, std::memory_order_relaxed);
  return slab;
}

Slab* SlabPool::create(std::uint32_t size_class) {
  const auto capacity = Slab::capacity_of(size_class);
  void* memory = std::aligned_alloc(alignof(Slab), sizeof(Slab) + capacity + kBufferSlack);
  if (memory == nullptr) throw std::bad_alloc{};
  auto* slab = new (memory) Slab;
  slab->size_class = size_class;
  slab->pool = this;
  add(live_bytes_, capacity);
  ++live_slabs_;
  return slab;
}

void SlabPool::collect() noexcept {
  since_collect_ = 0;
  if (returned_.load(std::memory_order_relaxed) == nullptr) return;
  Slab* slab = returned_.exchange(nullptr, std::memory_order_acquire);
  while (slab != nullptr) {
    Slab* next = slab->next;
    const auto capacity = slab->capacity();
    if (free_bytes_.load(std::memory_order_relaxed) + capacity > max_free_) {
      subtract(live_bytes_, capacity);
      --live_slabs_;
      destroy(slab);
    } else {
      add(free_bytes_, capacity);
      slab->next = free_[slab->size_class];
      free_[slab->size_class] = slab;
    }
    slab = next;
  }
}

SlabPool::Usage SlabPool::usage() const noexcept {
  const auto free = free_bytes_.load(std::memory_order_relaxed);
  const auto live = live_bytes_.load(std::memory_order_relaxed);
  return {live > free ? live - free : 0, free};
}

Slab* SlabPool::closed() noexcept {
  // No slab lies there. NOLINTNEXTLINE(performance-no-int-to-ptr): a mark that is never followed
  return reinterpret_cast<Slab*>(std::uintptr_t{alignof(Slab)});
}

// Pushing is one compare-and-swap; the pool is not touched after it succeeded, because the owner
// may then close and delete it. Only push and take-all exist, so there is no ABA problem.
void SlabPool::give_back(Slab* slab) noexcept {
  SlabPool* pool = slab->pool;
  poison(slab);
  Slab* head = pool->returned_.load(std::memory_order_relaxed);
  do {
    if (head == closed()) {
      destroy(slab);
      if (pool->orphans_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete pool;
      return;
    }
    slab->next = head;
  } while (!pool->returned_.compare_exchange_weak(head, slab, std::memory_order_release,
                                                  std::memory_order_relaxed));
}

// After the exchange every release destroys its slab and counts `orphans_` down, possibly below
// zero before the number still out is added here. Zero is reached once, by whoever is last.
void SlabPool::close() noexcept {
  std::uint64_t destroyed = 0;
  const auto destroy_list = [&](Slab* slab) {
    while (slab != nullptr) {
      Slab* next = slab->next;
      destroy(slab);
      ++destroyed;
      slab = next;
    }
  };
  destroy_list(returned_.exchange(closed(), std::memory_order_acq_rel));
  for (Slab*& list : free_) destroy_list(std::exchange(list, nullptr));
  const auto still_out = static_cast<std::int64_t>(live_slabs_ - destroyed);
  if (orphans_.fetch_add(still_out, std::memory_order_acq_rel) + still_out == 0) delete this;
}

}  // namespace flow
