#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "flow/base/units.hpp"

namespace flow {

class SlabPool;

/// Bytes every buffer may over-read or over-write past its end, so that kernels need no tail loops.
inline constexpr std::size_t kBufferSlack = 64;

/// A refcounted, 64-byte aligned, un-zeroed block of memory; header in front of the payload.
struct alignas(64) Slab {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t size_class = 0;  ///< Payload is (1 << size_class) bytes.
  SlabPool* pool = nullptr;
  Slab* next = nullptr;
  [[nodiscard]] std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::size_t capacity() const noexcept { return std::size_t{1} << size_class; }
};

/// Hands out slabs and takes them back from any thread.
///
/// allocate() belongs to one owner (a SUBTASK, an I/O thread); release happens wherever the last
/// reference dies and pushes onto a lock-free stack the owner drains. Free slabs beyond `max_free`
/// are returned to the allocator. The pool's memory lives until its last slab is back: dropping
/// the handle never invalidates a buffer.
///
/// Owner: a SUBTASK or an I/O job, through PoolHandle.   Thread: allocate actor-confined, release thread-safe.
class SlabPool {
 public:
  struct Usage {
    std::uint64_t in_use = 0;  ///< Bytes in slabs handed out.
    std::uint64_t free = 0;    ///< Bytes in slabs kept for reuse.
  };
  struct Handle {  // Drops the owner's reference.
    void operator()(SlabPool* pool) const noexcept;
  };

  static std::unique_ptr<SlabPool, Handle> make(ByteCount max_free = 32_MiB);

  /// At least `bytes` + kBufferSlack bytes of payload, one reference, content undefined.
  Slab* allocate(std::size_t bytes);
  [[nodiscard]] Usage usage() const noexcept;

  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

 private:
  friend class Buffer;
  explicit SlabPool(ByteCount max_free);
  ~SlabPool();
  static void release(Slab* slab) noexcept;
  void drain() noexcept;
  void unreference() noexcept;

  struct State;
  std::unique_ptr<State> state_;
};
using PoolHandle = std::unique_ptr<SlabPool, SlabPool::Handle>;

/// A view of bytes in a slab that keeps the slab alive. Copying costs one atomic increment.
///
/// Immutable once published (handed to another operator); `mutable_data` is for the builder that
/// allocated it, or for whoever finds `unique()`.
///
/// Thread: value.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(const Buffer& other) noexcept : slab_{other.slab_}, data_{other.data_}, size_{other.size_} {
    if (slab_ != nullptr) slab_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : slab_{other.slab_}, data_{other.data_}, size_{other.size_} {
    other.slab_ = nullptr;
    other.data_ = nullptr;
    other.size_ = 0;
  }
  Buffer& operator=(Buffer other) noexcept {
    std::swap(slab_, other.slab_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() {
    if (slab_ != nullptr) SlabPool::release(slab_);
  }

  /// Un-zeroed bytes with kBufferSlack behind them.
  static Buffer allocate(SlabPool& pool, std::size_t bytes) {
    Slab* slab = pool.allocate(bytes);
    return Buffer{slab, slab->data(), bytes};
  }
  /// Another view of the same slab; `data` lies inside `owner`'s slab.
  [[nodiscard]] static Buffer share(const Buffer& owner, const std::byte* data, std::size_t bytes) noexcept {
    Buffer view{owner};
    view.data_ = data;
    view.size_ = bytes;
    return view;
  }

  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Bytes the slab can hold from data() on, slack not counted.
  [[nodiscard]] std::size_t capacity() const noexcept;
  /// Bytes this buffer keeps alive: the whole slab.
  [[nodiscard]] std::size_t retained() const noexcept { return slab_ == nullptr ? 0 : slab_->capacity(); }
  [[nodiscard]] bool unique() const noexcept {
    return slab_ != nullptr && slab_->references.load(std::memory_order_acquire) == 1;
  }
  [[nodiscard]] bool same_slab(const Buffer& other) const noexcept { return slab_ == other.slab_; }
  [[nodiscard]] std::byte* mutable_data() noexcept { return const_cast<std::byte*>(data_); }
  /// Sets the size within the capacity; content beyond the old size is undefined.
  void resize(std::size_t bytes) noexcept { size_ = bytes; }

  template <class T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }
  template <class T>
  [[nodiscard]] T* mutable_as() noexcept {
    return reinterpret_cast<T*>(mutable_data());
  }
  [[nodiscard]] Buffer slice(std::size_t offset, std::size_t bytes) const noexcept {
    return share(*this, data_ + offset, bytes);
  }

 private:
  Buffer(Slab* slab, const std::byte* data, std::size_t size) noexcept
      : slab_{slab}, data_{data}, size_{size} {}
  Slab* slab_ = nullptr;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace flow
