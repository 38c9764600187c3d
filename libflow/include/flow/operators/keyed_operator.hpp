#pragma once

#include "flow/operators/operator.hpp"
#include "flow/operators/pending_fire.hpp"
#include "flow/state/batch_keys.hpp"
#include "flow/state/timer_state.hpp"
#include "flow/state/value_state.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

class GroupProgress;

/// An operator of one input with keyed state and event-time timers; what process functions are
/// built on. It keeps the state in snapshots, restores it and hands it to other subtasks after a
/// rescale; who derives from it says what happens.
///
/// Both calls take a batch: the keys are prepared, the states are resolved with them
/// (value_state.hpp), and then the rows are gone through. Neither can be interrupted: what one
/// batch of rows, or kTimersPerCall timers, produces is the overdraft. Between such batches of
/// timers the fire of a watermark is resumable like that of a window, and how far timers have fired
/// is kept per key group.
///
/// Owner: one SUBTASK attempt.   Thread: actor-confined.
/// Errors: those of on_rows() and on_timers(); corrupt_snapshot_part, state_changed.
class KeyedOperator : public Operator {
 public:
  static constexpr std::size_t kTimersPerCall = 512;

  KeyedOperator(std::vector<std::uint32_t> key_columns, std::vector<DataType> key_types);
  ~KeyedOperator() override;

  Status open(const OperatorContext& context) override;
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_watermark(EventTime now, Collector& out) override;
  Result<Progress> resume(Collector& out) override;
  Status snapshot(SnapshotSink& sink) override;
  void begin_copy_out(Epoch epoch) override;
  Result<Progress> copy_out(SnapshotSink& sink, ByteCount bytes) override;
  Status restore(SnapshotSource& source) override;
  Result<bool> key_groups(std::uint32_t input, const Batch& batch,
                          std::vector<KeyGroup>& groups) override;
  [[nodiscard]] ByteCount state_bytes() const override;

 protected:
  /// Makes every state with make_value_state(); once, before the first row.
  virtual Status open_states() = 0;
  /// The selected rows of a batch, and their keys in the same order.
  virtual Status on_rows(const Batch& batch, const KeySpan& keys, Collector& out) = 0;
  /// Timers that are due, earliest first, and their keys. A key may occur several times.
  virtual Status on_timers(std::span<const Timer> timers, const KeySpan& keys, Collector& out) = 0;

  /// A state named `name` in snapshots.
  template <class T>
  std::unique_ptr<ValueState<T>> make_value_state(std::string name) {
    auto made = std::make_unique<ValueState<T>>(kind_, hashes_, clock_, blocks_);
    states_.push_back({std::move(name), &made->table(), sizeof(T)});
    return made;
  }
  /// Calls on_timers() for the i-th of `keys` when the watermark reaches `at`. False, and nothing
  /// is set, if it has already: what would be computed then is late.
  bool set_timer(EventTime at, const KeySpan& keys, std::size_t i);
  [[nodiscard]] const OperatorContext& context() const { return *context_; }
  [[nodiscard]] std::span<const DataType> key_types() const noexcept { return key_types_; }

 private:
  struct State {
    std::string name;
    KeyedTable* table = nullptr;
    std::size_t bytes = 0;
  };
  /// Keys that come one by one, as a KeySpan.
  struct Keys {
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint8_t> nulls;
    std::vector<std::string_view> encoded;
    void clear();
    [[nodiscard]] KeySpan span(KeyKind kind) const;
  };

  [[nodiscard]] std::uint32_t group_of(std::uint64_t hash) const;
  void append_key(std::uint64_t hash, bool is_null, std::string_view encoded,
                  std::string& out) const;
  void collect(std::uint64_t hash, std::string_view key, Keys& keys) const;
  Result<Progress> fire(Collector& out);
  [[nodiscard]] std::string fingerprint() const;
  Status restore_blob(const std::string& blob);
  Status restore_key(KeyGroup group, std::string_view key, std::uint64_t& hash) const;
  Status restore_value(const State& state, KeyGroup group, std::string_view key,
                       std::string_view value);

  std::vector<std::uint32_t> key_columns_;
  std::vector<DataType> key_types_;
  KeyKind kind_;
  std::string null_key_;  // KeyKind::number: the encoding of null
  std::optional<OperatorContext> context_;
  KeyGroupRange owned_;
  HashRange hashes_;

  BlockPool blocks_;
  SnapshotClock clock_;
  std::vector<State> states_;
  TimerState timers_;
  std::unique_ptr<GroupProgress> progress_;
  std::deque<PendingFire> pending_;  // watermarks whose timers are being fired

  BatchKeys batch_keys_;
  std::vector<Timer> due_;
  Keys keys_;
};

}  // namespace flow
