#include "sliding_window.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace flow {
namespace {

constexpr auto kChanged = std::numeric_limits<std::int64_t>::min();

}  // namespace

/// Sums of a key from each of its slices up to its last turn, oldest first.
struct SlidingWindow::Front {
  std::vector<std::int64_t> slices;
  std::vector<std::byte> sums;
  std::size_t next = 0;
};

/// Behind the cells of `back` in each value.
struct SlidingWindow::Stacks {
  Front* front = nullptr;
  std::int64_t back_from = 0;   ///< `back` holds slices from here on; kChanged: turn before use.
  std::int64_t last_slice = 0;  ///< Last slice with rows of the key.
  std::uint64_t known = 0;      ///< 0: a new entry.
};

bool SlidingWindow::StackCodec::owns_memory() const noexcept { return !owner_.exact_; }

void SlidingWindow::StackCodec::release(std::byte* value) const noexcept {
  owner_.accumulators_->release(value);
  owner_.drop_front(owner_.stacks_of(value));
}

SlidingWindow::SlidingWindow(const WindowMath& math, const Accumulators& accumulators,
                             TableOptions options, BlockPool& pool)
    : math_{math},
      accumulators_{&accumulators},
      exact_{accumulators.invertible()},
      options_{options},
      pool_{&pool},
      codec_{*this} {
  options_.codec = &codec_;
  if (!exact_) options_.value_bytes += sizeof(Stacks);
  clear();
}

void SlidingWindow::clear() { table_ = std::make_unique<KeyedTable>(options_, clock_, *pool_); }

SlidingWindow::Stacks& SlidingWindow::stacks_of(std::byte* value) const noexcept {
  return *reinterpret_cast<Stacks*>(value + accumulators_->value_bytes());
}

void SlidingWindow::drop_front(Stacks& stacks) const noexcept {
  if (stacks.front == nullptr) return;
  const auto width = accumulators_->value_bytes();
  front_bytes_ -= stacks.front->sums.size();
  for (std::size_t i = 0; i < stacks.front->slices.size(); ++i)
    accumulators_->release(stacks.front->sums.data() + i * width);
  delete stacks.front;
  stacks.front = nullptr;
}

bool SlidingWindow::holds(std::int64_t slice) const noexcept {
  const auto inside = [&](std::int64_t end) { return slice >= end - math_.size() && slice < end; };
  return (end_ && inside(*end_)) || (!steps_.empty() && inside(target_));
}

void SlidingWindow::plan_steps(std::int64_t end, const SliceMap& slices) {
  const auto start = end - math_.size();
  steps_.clear();
  step_ = 0;
  step_from_ = 0;
  const auto add = [&](std::int64_t from, std::int64_t to, bool enters) {
    for (auto it = slices.lower_bound(from); it != slices.end() && it->first < to; ++it)
      if (!it->second->table.empty()) steps_.push_back({it->first, enters});
  };
  if (end_ && *end_ <= end && start < *end_) {
    if (exact_) add(*end_ - math_.size(), start, false);
    add(*end_, end, true);
  } else {
    clear();
    add(start, end, true);
  }
  end_.reset();
  target_ = end;
}

bool SlidingWindow::advance(std::int64_t end, const SliceMap& slices, std::int64_t& work) {
  if (end_ == end) return true;
  if (end_ || steps_.empty() || target_ != end) plan_steps(end, slices);
  for (; step_ < steps_.size(); ++step_, step_from_ = 0) {
    const auto found = slices.find(steps_[step_].slice);
    FLOW_CHECK(found != slices.end(), "a slice was dropped while a window needed it");
    const auto& slice = *found->second;
    std::uint64_t next = 0;
    while (slice.table.collect(step_from_, entries_, next)) {
      if (steps_[step_].enters) {
        take_in(slice, entries_);
      } else {
        take_out(slice, entries_);
      }
      work -= static_cast<std::int64_t>(entries_.size());
      if (next == 0) break;
      step_from_ = next;
      if (work <= 0) return false;
    }
    if (work <= 0 && step_ + 1 < steps_.size()) {
      ++step_;
      step_from_ = 0;
      return false;
    }
  }
  steps_.clear();
  end_ = end;
  return true;
}

void SlidingWindow::take_in(const Slice& slice, std::span<const KeyedTable::EntryRef> entries) {
  const auto keys = keys_.of(slice.table, options_.kind, entries);
  into_.resize(entries.size());
  from_.clear();
  for (const auto& entry : entries) from_.push_back(KeyedTable::value_of(entry.slot));
  for (std::size_t done = 0; done < entries.size();) {
    const auto end = table_->resolve(keys, {}, done, into_);
    const auto into = std::span<std::byte* const>{into_}.subspan(done, end - done);
    if (!exact_) {
      for (auto* value : into) {
        auto& stacks = stacks_of(value);
        if (stacks.known == 0) stacks.back_from = slice.start;
        stacks.last_slice =
            stacks.known == 0 ? slice.start : std::max(stacks.last_slice, slice.start);
        stacks.known = 1;
      }
    }
    accumulators_->merge(into, std::span<const std::byte* const>{from_}.subspan(done, end - done));
    done = end;
  }
}

void SlidingWindow::take_out(const Slice& slice, std::span<const KeyedTable::EntryRef> entries) {
  const auto keys = keys_.of(slice.table, options_.kind, entries);
  into_.resize(entries.size());
  from_.clear();
  gone_.clear();
  for (const auto& entry : entries) from_.push_back(KeyedTable::value_of(entry.slot));
  const auto all = table_->resolve(keys, {}, 0, into_);
  FLOW_CHECK(all == entries.size(), "a slice leaves a window it was never in");
  accumulators_->subtract(into_, from_);
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (Accumulators::rows_in(into_[i]) == 0) gone_.push_back(entries[i]);
  // Keys come from the slice's table: they stay valid while this one changes.
  for (const auto& entry : gone_)
    table_->erase(entry.hash, options_.kind == KeyKind::number && KeyedTable::is_null(entry.slot),
                  slice.table.encoded_key(entry));
}

void SlidingWindow::mark_changed(std::span<std::byte* const> values, std::int64_t slice) {
  for (auto* value : values) {
    auto& stacks = stacks_of(value);
    stacks.last_slice = stacks.known == 0 ? slice : std::max(stacks.last_slice, slice);
    stacks.known = 1;
    stacks.back_from = kChanged;
  }
}

void SlidingWindow::turn(const KeyedTable::EntryRef& entry, Stacks& stacks, const SliceMap& slices,
                         std::int64_t& work) {
  const auto width = accumulators_->value_bytes();
  auto* value = KeyedTable::value_of(entry.slot);
  drop_front(stacks);
  accumulators_->release(value);
  std::memset(value, 0, width);
  stacks.back_from = *end_;
  const bool null = options_.kind == KeyKind::number && KeyedTable::is_null(entry.slot);
  const auto key = table_->encoded_key(entry);
  from_.clear();
  std::vector<std::int64_t> starts;
  for (auto it = slices.lower_bound(*end_ - math_.size()); it != slices.end() && it->first < *end_;
       ++it) {
    --work;
    if (const auto* part = it->second->table.find(entry.hash, null, key); part != nullptr) {
      starts.push_back(it->first);
      from_.push_back(part);
    }
  }
  if (starts.empty()) return;
  stacks.last_slice = starts.back();
  stacks.front = new Front;
  stacks.front->slices = std::move(starts);
  auto& sums = stacks.front->sums;
  sums.resize(from_.size() * width);
  front_bytes_ += sums.size();
  for (std::size_t i = from_.size(); i-- > 0;) {
    std::byte* sum = sums.data() + i * width;
    const std::byte* newer = sums.data() + (i + 1) * width;
    accumulators_->merge({&sum, 1}, {&from_[i], 1});
    if (i + 1 < from_.size()) accumulators_->merge({&sum, 1}, {&newer, 1});
  }
}

bool SlidingWindow::result(const KeyedTable::EntryRef& entry, std::byte* scratch,
                           const SliceMap& slices, std::int64_t& work) {
  auto* value = KeyedTable::value_of(entry.slot);
  auto& stacks = stacks_of(value);
  const auto start = *end_ - math_.size();
  if (stacks.last_slice < start) return false;
  if (Accumulators::rows_in(value) == 0 && stacks.back_from != kChanged) stacks.back_from = *end_;
  // Each key turns once per window length, spread over the windows by hash.
  const auto slides = math_.size() / math_.slide();
  const auto phase =
      static_cast<std::int64_t>((entry.hash >> 16) % static_cast<std::uint64_t>(slides));
  const auto number = floor_to(start, math_.slide()) / math_.slide();
  const bool own_turn = slides > 1 && (number + phase) % slides == 0;
  if (stacks.back_from < start || (own_turn && stacks.back_from != *end_))
    turn(entry, stacks, slices, work);
  if (stacks.front != nullptr) {
    auto& front = *stacks.front;
    while (front.next < front.slices.size() && front.slices[front.next] < start) ++front.next;
    if (front.next == front.slices.size()) {
      drop_front(stacks);
    } else {
      accumulators_->merge_borrowed(scratch,
                                    front.sums.data() + front.next * accumulators_->value_bytes());
    }
  }
  accumulators_->merge_borrowed(scratch, value);
  return Accumulators::rows_in(scratch) != 0;
}

void SlidingWindow::results(std::span<const KeyedTable::EntryRef> entries, const SliceMap& slices,
                            std::vector<const std::byte*>& values, std::int64_t& work) {
  values.clear();
  if (exact_) {
    for (const auto& entry : entries) {
      const auto* value = KeyedTable::value_of(entry.slot);
      values.push_back(Accumulators::rows_in(value) != 0 ? value : nullptr);
    }
    return;
  }
  const auto width = accumulators_->value_bytes();
  scratch_.assign(entries.size() * width, std::byte{0});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto* scratch = scratch_.data() + i * width;
    values.push_back(result(entries[i], scratch, slices, work) ? scratch : nullptr);
  }
}

void SlidingWindow::erase(std::span<const KeyedTable::EntryRef> entries) {
  // Erasing moves neighbours, so the keys are taken first.
  std::vector<std::string> keys;
  std::vector<bool> nulls;
  for (const auto& entry : entries) {
    keys.emplace_back(table_->encoded_key(entry));
    nulls.push_back(options_.kind == KeyKind::number && KeyedTable::is_null(entry.slot));
  }
  for (std::size_t i = 0; i < entries.size(); ++i)
    table_->erase(entries[i].hash, nulls[i], keys[i]);
}

}  // namespace flow
