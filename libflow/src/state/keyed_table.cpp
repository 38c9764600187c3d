#include "flow/state/keyed_table.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"
#include "flow/base/int128.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace flow {
namespace {

constexpr std::uint32_t kFirstSlots = 12;  ///< Slots a new table has at least.
constexpr std::uint8_t kMaxDepth = 40;     ///< Splitting beyond this separates nothing.
constexpr std::size_t kMaxArenaBytes = std::size_t{1}
                                       << 20;  ///< Keys of a sub-table before it is split.
constexpr std::uint32_t kMinSplitEntries = 16;
constexpr std::size_t kPrefetchFrom = 4096;  ///< Entries from which on resolve() prefetches.
constexpr std::size_t kPrefetchAhead = 24;
constexpr std::size_t kKeyLengthBytes = 4;

std::uint32_t class_for(std::size_t bytes) noexcept {
  const auto size_class = static_cast<std::uint32_t>(std::bit_width(bytes - 1));
  return std::clamp(size_class, BlockPool::kSmallestClass, BlockPool::kLargestClass);
}

}  // namespace

HashRange hash_range_of(KeyGroupRange groups, std::uint32_t key_groups) noexcept {
  // The smallest upper half u with u * key_groups >> 32 == group.
  const auto first_of = [&](std::uint32_t group) {
    return ((std::uint64_t{group} << 32) + key_groups - 1) / key_groups;
  };
  if (groups.last <= groups.first) return {0, 0};
  const auto end = first_of(groups.last);
  return {first_of(groups.first) << 32, end > 0xffffffffull ? ~std::uint64_t{0} : (end << 32) - 1};
}

KeyedTable::KeyedTable(const TableOptions& options, const SnapshotClock& clock, BlockPool& pool)
    : options_{options},
      clock_{&clock},
      pool_{&pool},
      stride_{kHeaderBytes + options.value_bytes},
      copied_{clock.epoch} {
  FLOW_CHECK(options.value_bytes % 8 == 0 && options.value_bytes <= kMaxValueBytes);
  const auto width = options.hashes.last - options.hashes.first;
  scale_ = width == ~std::uint64_t{0} ? 1 : ~std::uint64_t{0} / (width + 1);
  const auto sub = new_sub(0, class_for(std::size_t{kFirstSlots} * stride_));
  places_.resize(1);
  place_sub(0, sub);
}

KeyedTable::~KeyedTable() {
  for (auto& sub : subs_) free_slots(sub);
}

std::uint32_t KeyedTable::home_of(std::uint64_t position, std::uint8_t depth,
                                  std::uint32_t capacity) noexcept {
  const auto inside = position << depth;
  return static_cast<std::uint32_t>((static_cast<Uint128>(inside) * capacity) >> 64);
}

std::uint32_t KeyedTable::new_sub(std::uint8_t depth, std::uint32_t size_class) {
  SubTable sub;
  sub.slots = pool_->allocate(size_class);
  sub.size_class = static_cast<std::uint8_t>(size_class);
  sub.capacity = static_cast<std::uint32_t>((std::size_t{1} << size_class) / stride_);
  sub.depth = depth;
  sub.copied = clock_->epoch;
  subs_.push_back(std::move(sub));
  return static_cast<std::uint32_t>(subs_.size() - 1);
}

void KeyedTable::free_slots(SubTable& sub) noexcept {
  if (sub.slots == nullptr) return;
  if (options_.codec != nullptr && options_.codec->owns_memory()) {
    for (std::uint32_t i = 0; i < sub.capacity; ++i) {
      auto* slot = sub.slots + std::size_t{i} * stride_;
      if (header(slot).epoch != 0) options_.codec->release(value_of(slot));
    }
  }
  pool_->release(sub.slots, sub.size_class);
  sub.slots = nullptr;
  arena_bytes_ -= sub.arena.capacity();
  sub.arena = {};
}

void KeyedTable::place_sub(std::size_t first, std::uint32_t index) {
  const auto& sub = subs_[index];
  const auto count = std::size_t{1} << (depth_ - sub.depth);
  for (std::size_t i = first; i < first + count; ++i)
    places_[i] = {sub.slots, sub.capacity, index, sub.depth};
}

std::string_view KeyedTable::key_at(const SubTable& sub, const std::byte* slot) const noexcept {
  const auto* at = sub.arena.data() + std::size_t{reinterpret_cast<const Header*>(slot)->key} * 8;
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return {reinterpret_cast<const char*>(at) + kKeyLengthBytes, size};
}

bool KeyedTable::same_key(const SubTable& sub, const std::byte* slot, bool is_null,
                          std::string_view encoded) const noexcept {
  if (options_.kind == KeyKind::number)
    return reinterpret_cast<const Header*>(slot)->key == (is_null ? 1u : 0u);
  return key_at(sub, slot) == encoded;
}

std::uint32_t KeyedTable::append_key(SubTable& sub, std::string_view encoded) {
  const auto before = sub.arena.capacity();
  const auto offset = sub.arena.size();
  sub.arena.resize(offset + (kKeyLengthBytes + encoded.size() + 7) / 8 * 8);
  arena_bytes_ += sub.arena.capacity() - before;
  const auto size = static_cast<std::uint32_t>(encoded.size());
  std::memcpy(sub.arena.data() + offset, &size, sizeof size);
  if (size != 0) std::memcpy(sub.arena.data() + offset + kKeyLengthBytes, encoded.data(), size);
  FLOW_CHECK(offset / 8 <= 0xffffffffull, "32 GiB of keys in one sub-table");
  return static_cast<std::uint32_t>(offset / 8);
}

void KeyedTable::keep_aside(const SubTable& sub, const std::byte* slot) {
  if (aside_epoch_ != clock_->epoch) {
    aside_.clear();
    aside_epoch_ = clock_->epoch;
  }
  const auto& entry = *reinterpret_cast<const Header*>(slot);
  scratch_.clear();
  options_.codec->encode(slot + kHeaderBytes, scratch_);
  ByteWriter writer;
  writer.put(entry.hash);
  writer.put(static_cast<std::uint8_t>(options_.kind == KeyKind::number ? entry.key : 0));
  writer.put_string(options_.kind == KeyKind::encoded ? key_at(sub, slot) : std::string_view{});
  writer.put_string(scratch_);
  aside_ += writer.take();
}

void KeyedTable::touch(SubTable& sub, std::byte* slot) {
  if (sub.copied != clock_->epoch) keep_aside(sub, slot);
  header(slot).epoch = clock_->epoch;
}

std::size_t KeyedTable::resolve(const KeySpan& keys, std::span<const std::uint32_t> positions,
                                std::size_t from, std::span<std::byte*> values) {
  if (blocked_) make_room(blocked_at_);
  blocked_ = false;
  return options_.kind == KeyKind::number
             ? resolve_as<KeyKind::number>(keys, positions, from, values)
             : resolve_as<KeyKind::encoded>(keys, positions, from, values);
}

template <KeyKind kind>
std::size_t KeyedTable::resolve_as(const KeySpan& keys, std::span<const std::uint32_t> positions,
                                   std::size_t from, std::span<std::byte*> values) {
  const auto count = values.size();
  const auto* hashes = keys.hashes.data();
  const auto* nulls = keys.nulls.empty() ? nullptr : keys.nulls.data();
  const auto* list = positions.empty() ? nullptr : positions.data();
  // Copies, because the compiler must assume that writing to an entry changes the members. Nothing
  // here moves: a sub-table that must grow ends the call.
  const auto* places = places_.data();
  const auto first_hash = options_.hashes.first;
  const auto scale = scale_;
  const auto shift = 63u - depth_;
  const auto epoch = clock_->epoch;
  const auto stride = stride_;
  const auto place_at = [&](std::uint64_t position) -> const Place& {
    return places[(position >> 1) >> shift];
  };
  auto** out = values.data();

  const auto run = [&](auto prefetches, auto plain) -> std::size_t {
    for (std::size_t i = from; i < count; ++i) {
      if constexpr (decltype(prefetches)::value) {
        if (i + kPrefetchAhead < count) {
          const auto ahead = list == nullptr ? i + kPrefetchAhead : list[i + kPrefetchAhead];
          const auto position = (hashes[ahead] - first_hash) * scale;
          const auto& place = place_at(position);
          const auto home = home_of(position, place.depth, place.capacity);
          __builtin_prefetch(place.slots + std::size_t{home} * stride, 1);
        }
      }
      std::size_t at = i;
      std::uint32_t null = 0;
      if constexpr (!decltype(plain)::value) {
        if (list != nullptr) at = list[i];
        if (nulls != nullptr) null = nulls[at];
      }
      const auto hash = hashes[at];
      const auto position = (hash - first_hash) * scale;
      const auto& place = place_at(position);
      auto slot_index = home_of(position, place.depth, place.capacity);
      auto* slot = place.slots + std::size_t{slot_index} * stride;
      for (;;) {
        auto& entry = header(slot);
        if (entry.hash == hash && entry.epoch != 0) [[likely]] {
          bool same = true;
          if constexpr (kind == KeyKind::number) {
            same = entry.key == null;
          } else {
            same = key_at(subs_[place.sub], slot) == keys.encoded[at];
          }
          if (same) [[likely]] {
            if (entry.epoch != epoch) [[unlikely]]
              touch(subs_[place.sub], slot);
            break;
          }
        } else if (entry.epoch == 0) {
          if (!insert(subs_[place.sub], slot, hash)) {
            blocked_ = true;
            blocked_at_ = position;
            return i;
          }
          if constexpr (kind == KeyKind::number) {
            entry.key = null;
          } else {
            entry.key = append_key(subs_[place.sub], keys.encoded[at]);
          }
          break;
        }
        slot += stride;
        if (++slot_index == place.capacity) {
          slot_index = 0;
          slot = place.slots;
        }
      }
      out[i] = slot + kHeaderBytes;
    }
    return count;
  };
  const bool plain = list == nullptr && nulls == nullptr;
  if (size_ >= kPrefetchFrom)
    return plain ? run(std::true_type{}, std::true_type{})
                 : run(std::true_type{}, std::false_type{});
  return plain ? run(std::false_type{}, std::true_type{})
               : run(std::false_type{}, std::false_type{});
}

bool KeyedTable::insert(SubTable& sub, std::byte* slot, std::uint64_t hash) {
  // A sub-table whose keys have become large is split as one that has too many entries.
  if (sub.used >= limit_of(sub) ||
      (sub.arena.size() > kMaxArenaBytes && sub.used >= kMinSplitEntries && sub.depth < kMaxDepth))
    return false;
  header(slot).hash = hash;
  header(slot).epoch = clock_->epoch;
  ++sub.used;
  ++size_;
  return true;
}

std::uint32_t KeyedTable::limit_of(const SubTable& sub) noexcept {
  return sub.size_class < BlockPool::kLargestClass ? sub.capacity / 8 * 3 : sub.capacity / 2;
}

std::byte* KeyedTable::find(std::uint64_t hash, bool is_null, std::string_view encoded) const {
  if (hash < options_.hashes.first || hash > options_.hashes.last) return nullptr;
  const auto position = position_of(hash);
  const auto& sub = subs_[places_[place_of(position)].sub];
  auto index = home_of(position, sub.depth, sub.capacity);
  for (;;) {
    auto* slot = sub.slots + std::size_t{index} * stride_;
    if (header(slot).epoch == 0) return nullptr;
    if (header(slot).hash == hash && same_key(sub, slot, is_null, encoded)) return value_of(slot);
    if (++index == sub.capacity) index = 0;
  }
}

bool KeyedTable::erase(std::uint64_t hash, bool is_null, std::string_view encoded) {
  auto* value = find(hash, is_null, encoded);
  if (value == nullptr) return false;
  auto& sub = subs_[places_[place_of(position_of(hash))].sub];
  auto* slot = value - kHeaderBytes;
  if (header(slot).epoch != clock_->epoch && sub.copied != clock_->epoch) keep_aside(sub, slot);
  if (options_.codec != nullptr && options_.codec->owns_memory()) options_.codec->release(value);
  // Closes the gap: entries behind it that may lie there move up.
  auto hole = static_cast<std::uint32_t>(static_cast<std::size_t>(slot - sub.slots) / stride_);
  auto next = hole;
  for (;;) {
    if (++next == sub.capacity) next = 0;
    auto* candidate = sub.slots + std::size_t{next} * stride_;
    if (header(candidate).epoch == 0) break;
    const auto home = home_of(position_of(header(candidate).hash), sub.depth, sub.capacity);
    const bool stays = hole <= next ? hole < home && home <= next : hole < home || home <= next;
    if (stays) continue;
    std::memcpy(sub.slots + std::size_t{hole} * stride_, candidate, stride_);
    hole = next;
  }
  std::memset(sub.slots + std::size_t{hole} * stride_, 0, stride_);
  --sub.used;
  --size_;
  return true;
}

void KeyedTable::move_entry(const SubTable& from, std::byte* slot, SubTable& to) {
  const auto hash = header(slot).hash;
  auto index = home_of(position_of(hash), to.depth, to.capacity);
  for (;;) {
    auto* target = to.slots + std::size_t{index} * stride_;
    if (header(target).epoch == 0) {
      std::memcpy(target, slot, stride_);
      if (options_.kind == KeyKind::encoded)
        header(target).key = append_key(to, key_at(from, slot));
      ++to.used;
      return;
    }
    if (++index == to.capacity) index = 0;
  }
}

void KeyedTable::make_room(std::uint64_t position) {
  const auto place = place_of(position);
  const auto index = places_[place].sub;
  const bool can_grow =
      subs_[index].size_class < BlockPool::kLargestClass &&
      (subs_[index].arena.size() <= kMaxArenaBytes || subs_[index].depth >= kMaxDepth);
  if (can_grow) {
    SubTable old = std::move(subs_[index]);
    auto& sub = subs_[index];
    sub = SubTable{};
    sub.depth = old.depth;
    sub.copied = old.copied;
    sub.size_class = static_cast<std::uint8_t>(old.size_class + 1);
    sub.capacity = static_cast<std::uint32_t>((std::size_t{1} << sub.size_class) / stride_);
    sub.slots = pool_->allocate(sub.size_class);
    for (std::uint32_t i = 0; i < old.capacity; ++i) {
      auto* slot = old.slots + std::size_t{i} * stride_;
      if (header(slot).epoch != 0) move_entry(old, slot, sub);
    }
    pool_->release(old.slots, old.size_class);
    arena_bytes_ -= old.arena.capacity();
    place_sub(place >> (depth_ - sub.depth) << (depth_ - sub.depth), index);
    return;
  }

  const auto depth = subs_[index].depth;
  FLOW_CHECK(depth < kMaxDepth, "too many keys with nearly the same hash");
  if (depth == depth_) {
    std::vector<Place> doubled(places_.size() * 2);
    for (std::size_t i = 0; i < doubled.size(); ++i) doubled[i] = places_[i / 2];
    places_ = std::move(doubled);
    ++depth_;
  }
  const auto size_class = subs_[index].size_class;
  const auto copied = subs_[index].copied;
  const auto upper = new_sub(static_cast<std::uint8_t>(depth + 1), size_class);
  const auto lower = new_sub(static_cast<std::uint8_t>(depth + 1), size_class);
  SubTable old = std::move(subs_[index]);
  subs_[index] = std::move(subs_[lower]);
  subs_.pop_back();
  subs_[index].copied = subs_[upper].copied = copied;
  for (std::uint32_t i = 0; i < old.capacity; ++i) {
    auto* slot = old.slots + std::size_t{i} * stride_;
    if (header(slot).epoch == 0) continue;
    const bool high = ((position_of(header(slot).hash) << depth) >> 63) != 0;
    move_entry(old, slot, subs_[high ? upper : index]);
  }
  pool_->release(old.slots, old.size_class);
  arena_bytes_ -= old.arena.capacity();
  const auto half = std::size_t{1} << (depth_ - depth - 1);
  const auto first = place_of(position) / (2 * half) * (2 * half);
  place_sub(first, index);
  place_sub(first + half, upper);
}

void KeyedTable::reserve(std::size_t entries) {
  if (size_ != 0) return;
  const auto per_block = (std::size_t{1} << BlockPool::kLargestClass) / stride_ / 2;
  std::uint8_t depth = 0;
  // A little slack: hashes do not fill sub-tables evenly.
  while (((entries + entries / 8) >> depth) > per_block && depth < 20) ++depth;
  const auto per_sub = depth == 0 ? entries : (entries + entries / 8) >> depth;
  // As many slots as limit_of() asks for and not more: one too many doubles the block.
  const auto slots = std::max<std::size_t>(kFirstSlots, per_sub * 8 / 3 + 8);
  const auto size_class = class_for(slots * stride_);
  if (depth == 0 && size_class <= subs_[0].size_class) return;
  for (auto& sub : subs_) free_slots(sub);
  subs_.clear();
  depth_ = depth;
  places_.assign(std::size_t{1} << depth, {});
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto sub = new_sub(depth, size_class);
    place_sub(i, sub);
  }
}

bool KeyedTable::release_some(std::size_t blocks) noexcept {
  while (blocks > 0 && !subs_.empty()) {
    size_ -= subs_.back().used;
    free_slots(subs_.back());
    subs_.pop_back();
    --blocks;
  }
  if (subs_.empty()) places_.clear();
  return subs_.empty();
}

}  // namespace flow
