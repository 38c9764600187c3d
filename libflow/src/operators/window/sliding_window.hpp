#pragma once

#include "accumulators.hpp"
#include "entry_keys.hpp"
#include "slice.hpp"
#include "window_math.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flow {

/// The accumulators of all keys over one hopping window, moved from window to window.
///
/// Derived from the slices, so never part of a snapshot: after a restore it is built again. Its
/// cost per slide and key does not depend on how many slices a window has.
///
/// * If all aggregates are exactly invertible, a slice that leaves the window is subtracted.
/// * Otherwise each key has two stacks: `back`, the sum of the slices that came in since its last
/// turn, and
///   `front`, at the turn, the sums from each slice up to the turn; the result is the first front
///   sum that is still inside plus the back. A key turns once per window length, at a moment that
///   depends on its hash, so that not all turn at once.
///
/// Owner: a window operator.   Thread: actor-confined.
class SlidingWindow {
 public:
  SlidingWindow(const WindowMath& math, const Accumulators& accumulators, TableOptions options,
                BlockPool& pool);

  /// Moves on to the window that ends at `end`; false if `work` was used up before. Slices are
  /// read.
  bool advance(std::int64_t end, const SliceMap& slices, std::int64_t& work);
  /// Whether the slice is part of the sums, so must stay.
  [[nodiscard]] bool holds(std::int64_t slice) const noexcept;
  /// Rows went into a slice that was taken in before: `add(values, from, to)` adds rows [from, to)
  /// of `positions` to accumulators.
  template <class Add>
  void add_rows(std::int64_t slice, const KeySpan& keys, std::span<const std::uint32_t> positions,
                std::size_t count, const Add& add);

  [[nodiscard]] KeyedTable& table() noexcept { return *table_; }
  /// The results of entries of table() for the present window; nullptr where a key has no rows in
  /// it. They hold until the next call.
  void results(std::span<const KeyedTable::EntryRef> entries, const SliceMap& slices,
               std::vector<const std::byte*>& values, std::int64_t& work);
  /// Forgets keys without rows.
  void erase(std::span<const KeyedTable::EntryRef> entries);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return table_->bytes() + front_bytes_; }

 private:
  struct Front;
  struct Stacks;
  class StackCodec final : public ValueCodec {
   public:
    explicit StackCodec(const SlidingWindow& owner) : owner_{owner} {}
    void encode(const std::byte* /*value*/, std::string& /*out*/) const override {}
    [[nodiscard]] bool owns_memory() const noexcept override;
    void release(std::byte* value) const noexcept override;

   private:
    const SlidingWindow& owner_;
  };
  struct Step {
    std::int64_t slice = 0;
    bool enters = true;
  };

  void plan_steps(std::int64_t end, const SliceMap& slices);
  void take_in(const Slice& slice, std::span<const KeyedTable::EntryRef> entries);
  void take_out(const Slice& slice, std::span<const KeyedTable::EntryRef> entries);
  void clear();
  [[nodiscard]] Stacks& stacks_of(std::byte* value) const noexcept;
  void drop_front(Stacks& stacks) const noexcept;
  void turn(const KeyedTable::EntryRef& entry, Stacks& stacks, const SliceMap& slices,
            std::int64_t& work);
  void mark_changed(std::span<std::byte* const> values, std::int64_t slice);
  bool result(const KeyedTable::EntryRef& entry, std::byte* scratch, const SliceMap& slices,
              std::int64_t& work);

  WindowMath math_;
  const Accumulators* accumulators_;
  bool exact_;
  TableOptions options_;
  BlockPool* pool_;
  StackCodec codec_;
  SnapshotClock clock_;  // Never raised: no snapshots of this table.
  std::unique_ptr<KeyedTable> table_;
  mutable std::uint64_t front_bytes_ = 0;

  std::optional<std::int64_t> end_;  ///< Window that the sums are of; none before the first.
  std::int64_t target_ = 0;          ///< Window that steps_ lead to, if not empty.
  std::vector<Step> steps_;
  std::size_t step_ = 0;
  std::uint64_t step_from_ = 0;  ///< Hash at which the present step goes on.

  std::vector<KeyedTable::EntryRef> entries_;
  std::vector<std::byte*> into_;
  std::vector<const std::byte*> from_;
  std::vector<std::byte> scratch_;
  std::vector<KeyedTable::EntryRef> gone_;
  EntryKeys keys_;
};

template <class Add>
void SlidingWindow::add_rows(std::int64_t slice, const KeySpan& keys,
                             std::span<const std::uint32_t> positions, std::size_t count,
                             const Add& add) {
  into_.resize(count);
  for (std::size_t done = 0; done < count;) {
    const auto end = table_->resolve(keys, positions, done, into_);
    if (exact_) {
      add(std::span<std::byte* const>{into_}.subspan(done, end - done), done);
    } else {
      mark_changed(std::span<std::byte* const>{into_}.subspan(done, end - done), slice);
    }
    done = end;
  }
}

}  // namespace flow
