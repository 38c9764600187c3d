// A table as a whole: its size, its keys by ascending hash when they fire, its entries place by
// place for a snapshot.
#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"
#include "flow/state/keyed_table.hpp"

namespace flow {
namespace {

constexpr std::size_t kCollectAhead = 1024;  ///< Bytes; slices that leave a window are cold.

}  // namespace

std::uint64_t KeyedTable::bytes() const noexcept {
  std::uint64_t sum = arena_bytes_ + aside_.capacity() + places_.capacity() * sizeof(Place) +
                      subs_.capacity() * sizeof(SubTable);
  for (const auto& sub : subs_)
    if (sub.slots != nullptr) sum += std::uint64_t{1} << sub.size_class;
  return sum;
}

bool KeyedTable::is_null(const std::byte* slot) noexcept {
  return reinterpret_cast<const Header*>(slot)->key != 0;
}

std::string_view KeyedTable::encoded_key(const EntryRef& entry) const {
  if (options_.kind == KeyKind::number) return {};
  return key_at(subs_[places_[place_of(position_of(entry.hash))].sub], entry.slot);
}

bool KeyedTable::less(const EntryRef& a, const EntryRef& b) const {
  if (a.hash != b.hash) return a.hash < b.hash;
  if (options_.kind == KeyKind::number) return header(a.slot).key < header(b.slot).key;
  return encoded_key(a) < encoded_key(b);
}

bool KeyedTable::collect(std::uint64_t from, std::vector<EntryRef>& entries,
                         std::uint64_t& next) const {
  entries.clear();
  next = 0;
  if (subs_.empty() || from > options_.hashes.last) return false;
  std::vector<EntryRef> low;
  auto place = from <= options_.hashes.first ? std::size_t{0} : place_of(position_of(from));
  while (place < places_.size()) {
    const auto& sub = subs_[places_[place].sub];
    const auto span = std::size_t{1} << (depth_ - sub.depth);
    place = place / span * span + span;
    if (sub.used == 0) continue;
    // Starting behind a free slot no cluster is cut, so homes ascend but for the wrap around the
    // end.
    std::uint32_t start = 0;
    while (header(sub.slots + std::size_t{start} * stride_).epoch != 0) ++start;
    // Whether a slot is in use is as good as random: every slot is written down, and the place
    // moves on only behind those that count.
    entries.resize(std::size_t{sub.used} + 1);
    std::size_t found = 0;
    auto* slot = sub.slots + std::size_t{start} * stride_;
    for (auto index = start; index < sub.capacity; ++index, slot += stride_) {
      __builtin_prefetch(slot + kCollectAhead);
      const auto hash = header(slot).hash;
      entries[found] = {hash, slot};
      found += static_cast<unsigned>(header(slot).epoch != 0) & static_cast<unsigned>(hash >= from);
    }
    entries.resize(found);
    // The slots before it, all of them in use, hold what begins there or has wrapped.
    low.clear();
    slot = sub.slots;
    for (std::uint32_t index = 0; index < start; ++index, slot += stride_) {
      const auto hash = header(slot).hash;
      if (hash < from) continue;
      const bool is_low = home_of(position_of(hash), sub.depth, sub.capacity) <= start;
      (is_low ? low : entries).push_back({hash, slot});
    }
    entries.insert(entries.begin(), low.begin(), low.end());
    if (entries.empty()) continue;
    // Nearly sorted now: only entries of one cluster may be out of order.
    for (std::size_t i = 1; i < entries.size(); ++i) {
      const auto entry = entries[i];
      std::size_t to = i;
      for (; to > 0 && less(entry, entries[to - 1]); --to) entries[to] = entries[to - 1];
      entries[to] = entry;
    }
    if (place < places_.size()) {
      // The smallest hash whose position is at or above the first of the next sub-table.
      const auto bound = static_cast<std::uint64_t>(place) << (64 - depth_);
      const auto offset = bound / scale_ + (bound % scale_ != 0 ? 1 : 0);
      if (offset <= options_.hashes.last - options_.hashes.first)
        next = options_.hashes.first + offset;
    }
    return true;
  }
  return false;
}

Status KeyedTable::write_aside(const EntryWriter& write, std::int64_t& budget) {
  if (aside_epoch_ != clock_->epoch) return {};
  ByteReader reader{aside_};
  while (!reader.rest().empty()) {
    const auto hash = reader.get<std::uint64_t>();
    const bool null = reader.get_bool();
    const auto key = reader.get_string();
    const auto value = reader.get_string();
    FLOW_CHECK(reader.ok());
    FLOW_TRY(write(hash, null, key, value));
    budget -= static_cast<std::int64_t>(key.size() + value.size() + 16);
  }
  aside_ = {};
  return {};
}

Status KeyedTable::write_sub(const SubTable& sub, const EntryWriter& write, std::int64_t& budget) {
  std::string value;
  for (std::uint32_t i = 0; i < sub.capacity; ++i) {
    const auto* slot = sub.slots + std::size_t{i} * stride_;
    const auto& entry = *reinterpret_cast<const Header*>(slot);
    // An entry of this epoch was made after the barrier, or its old value was kept aside.
    if (entry.epoch == 0 || entry.epoch == clock_->epoch) continue;
    value.clear();
    options_.codec->encode(slot + kHeaderBytes, value);
    const auto key = options_.kind == KeyKind::encoded ? key_at(sub, slot) : std::string_view{};
    FLOW_TRY(write(entry.hash, options_.kind == KeyKind::number && entry.key != 0, key, value));
    budget -= static_cast<std::int64_t>(key.size() + value.size() + 16);
  }
  return {};
}

Result<bool> KeyedTable::copy_out(const EntryWriter& write, std::int64_t& budget) {
  if (!needs_copy()) return true;
  if (walk_epoch_ != clock_->epoch) {
    walk_epoch_ = clock_->epoch;
    walk_ = 0;
    walk_done_ = false;
  }
  FLOW_TRY(write_aside(write, budget));
  while (!walk_done_) {
    const auto place = depth_ == 0 ? 0 : walk_ >> (64 - depth_);
    auto& sub = subs_[places_[place].sub];
    FLOW_TRY(write_sub(sub, write, budget));
    sub.copied = clock_->epoch;
    // Where its range of positions ends; 2^64 wraps to 0.
    const auto end =
        sub.depth == 0 ? std::uint64_t{0} : ((walk_ >> (64 - sub.depth)) + 1) << (64 - sub.depth);
    walk_done_ = end == 0;
    walk_ = end;
    if (budget <= 0 && !walk_done_) return false;
  }
  copied_ = clock_->epoch;
  return true;
}

}  // namespace flow
