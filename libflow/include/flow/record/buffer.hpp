#pragma once

#include "flow/base/units.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace flow {

class SlabPool;

/// Bytes every buffer may over-read or over-write past its end, so that kernels need no tail loops.
inline constexpr std::size_t kBufferSlack = 64;

/// A refcounted, 64-byte aligned, un-zeroed block of memory; header in front of the payload.
struct alignas(64) Slab {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t size_class = 0;
  SlabPool* pool = nullptr;
  Slab* next = nullptr;
  [[nodiscard]] std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  /// Payload bytes; kBufferSlack more lie behind them.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_of(size_class); }

  /// Classes grow by quarters of a power of two: at most a fifth of a slab is waste.
  static constexpr std::size_t capacity_of(std::uint32_t size_class) noexcept {
    if (size_class == 0) return std::size_t{1} << kSmallestBits;
    const auto step = size_class - 1;
    return (std::size_t{5} + step % 4) << (kSmallestBits - 2 + step / 4);
  }
  /// The smallest class that holds `bytes`.
  static constexpr std::uint32_t class_of(std::size_t bytes) noexcept {
    if (bytes <= (std::size_t{1} << kSmallestBits)) return 0;
    const auto last = bytes - 1;
    const auto bits = static_cast<std::uint32_t>(std::bit_width(last)) - 1;
    const auto quarter = static_cast<std::uint32_t>(last >> (bits - 2)) & 3u;
    return (bits - kSmallestBits) * 4 + quarter + 1;
  }
  static constexpr std::uint32_t kSmallestBits = 8;
};

/// Hands out slabs and takes them back from any thread.
///
/// allocate() belongs to one owner (a SUBTASK, an I/O thread); release happens wherever the last
/// reference dies and pushes onto a lock-free stack the owner drains. Free slabs beyond `max_free`
/// are returned to the allocator. The pool's memory lives until its last slab is back: dropping
/// the handle never invalidates a buffer.
///
/// Owner: a SUBTASK or an I/O job, through PoolHandle.   Thread: allocate, collect and dropping the
/// handle actor-confined; release and usage thread-safe.   Errors: throws std::bad_alloc.
class SlabPool {
 public:
  struct Usage {
    std::uint64_t in_use = 0;  ///< Bytes in slabs handed out, or given back and not yet collected.
    std::uint64_t free = 0;    ///< Bytes in slabs kept for reuse.
  };
  struct Handle {  // Drops the owner's reference.
    void operator()(SlabPool* pool) const noexcept { pool->close(); }
  };

  static std::unique_ptr<SlabPool, Handle> make(ByteCount max_free = 32_MiB);

  /// At least `bytes` + kBufferSlack bytes of payload, one reference, content undefined.
  Slab* allocate(std::size_t bytes);
  /// Takes in what other threads gave back. allocate() does it when it must; an idle owner calls it
  /// to let go of memory beyond max_free.
  void collect() noexcept;
  [[nodiscard]] Usage usage() const noexcept;

  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

 private:
  friend class Buffer;
  static constexpr std::size_t kClasses = 4 * (48 - Slab::kSmallestBits) + 1;

  explicit SlabPool(ByteCount max_free) noexcept : max_free_{max_free.value} {}
  ~SlabPool() = default;
  static void release(Slab* slab) noexcept {
    // The last owner needs no read-modify-write.
    if (slab->references.load(std::memory_order_acquire) == 1 ||
        slab->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      give_back(slab);
    }
  }
  static void give_back(Slab* slab) noexcept;
  static Slab* closed() noexcept;
  void close() noexcept;
  Slab* create(std::uint32_t size_class);

  std::uint64_t max_free_;
  std::uint32_t since_collect_ = 0;
  std::uint64_t live_slabs_ = 0;  ///< Created and not yet destroyed; the owner's view.
  std::array<Slab*, kClasses> free_{};
  std::atomic<std::uint64_t> live_bytes_{0};  ///< Written by the owner only.
  std::atomic<std::uint64_t> free_bytes_{0};  ///< Written by the owner only.
  alignas(64) std::atomic<Slab*> returned_{nullptr};
  std::atomic<std::int64_t> orphans_{0};  ///< Slabs still out after close(); see close().
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
  Buffer(const Buffer& other) noexcept
      : slab_{other.slab_}, data_{other.data_}, size_{other.size_} {
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
  [[nodiscard]] static Buffer share(const Buffer& owner, const std::byte* data,
                                    std::size_t bytes) noexcept {
    Buffer view{owner};
    view.data_ = data;
    view.size_ = bytes;
    return view;
  }

  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Bytes the slab can hold from data() on, slack not counted.
  [[nodiscard]] std::size_t capacity() const noexcept {
    return slab_ == nullptr ? 0
                            : slab_->capacity() - static_cast<std::size_t>(data_ - slab_->data());
  }
  /// Bytes this buffer keeps alive: the whole slab.
  [[nodiscard]] std::size_t retained() const noexcept {
    return slab_ == nullptr ? 0 : slab_->capacity();
  }
  [[nodiscard]] bool unique() const noexcept {
    return slab_ != nullptr && slab_->references.load(std::memory_order_acquire) == 1;
  }
  [[nodiscard]] bool same_slab(const Buffer& other) const noexcept { return slab_ == other.slab_; }
  /// Identity of the slab, for counting each once.
  [[nodiscard]] const void* slab_id() const noexcept { return slab_; }
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
