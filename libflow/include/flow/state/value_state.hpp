#pragma once

#include "flow/state/keyed_table.hpp"

#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace flow {

/// One value of a plain type per key: the simplest keyed state, and the shape of all of them.
///
/// State of process functions is declared before the first row, resolved per batch, and only then
/// handed to the function, row by row:
///
///   1. the operator prepares the keys of a batch (BatchKeys) and resolves *every* declared state
///      with them: ValueState<T> → T*; list and map states → handles of their own; misses of a cold
///      store are read together, here;
///   2. the function runs over the rows with the pointers of its row; a value it has never set is
///      T{}; removing is noted and done after the batch (erase());
///   3. timers are state as well (timer_state.hpp): they come back from
///      KeyedOperator::on_timers() as a *batch* of (key, time), resolved like rows.
///
/// Types own their bytes: no state hands out a view into a table that can grow.
///
/// Owner: one operator.   Thread: actor-confined.
template <class T>
class ValueState {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kMaxValueBytes && alignof(T) <= 8);

 public:
  ValueState(KeyKind kind, HashRange hashes, const SnapshotClock& clock, BlockPool& pool)
      : table_{{kind, kBytes, hashes, &codec_}, clock, pool} {}

  /// As KeyedTable::resolve: from `from` on, up to the returned index; `states[i]` holds until the
  /// next call.
  std::size_t resolve(const KeySpan& keys, std::span<const std::uint32_t> positions,
                      std::size_t from, std::span<T*> states) {
    slots_.resize(states.size());
    const auto end = table_.resolve(keys, positions, from, slots_);
    for (auto i = from; i < end; ++i) states[i] = reinterpret_cast<T*>(slots_[i]);
    return end;
  }
  bool erase(std::uint64_t hash, bool is_null, std::string_view encoded) {
    return table_.erase(hash, is_null, encoded);
  }
  /// For snapshots, walks and accounting.
  [[nodiscard]] KeyedTable& table() noexcept { return table_; }

 private:
  static constexpr std::uint32_t kBytes = (sizeof(T) + 7) / 8 * 8;
  class Codec final : public ValueCodec {
   public:
    void encode(const std::byte* value, std::string& out) const override {
      out.append(reinterpret_cast<const char*>(value), sizeof(T));
    }
  };

  Codec codec_;
  KeyedTable table_;
  std::vector<std::byte*> slots_;
};

}  // namespace flow
