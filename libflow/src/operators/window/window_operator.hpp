#pragma once

#include "group_progress.hpp"
#include "slice.hpp"
#include "sliding_window.hpp"
#include "window_input.hpp"
#include "window_plan.hpp"

#include "flow/operators/operator.hpp"
#include "flow/state/batch_keys.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Aggregates rows per key and event-time window; single or global phase.
///
/// Rows go into slices of gcd(size, slide): one table of accumulators per slice. A window fires
/// when the watermark has passed its end + lateness, once, key group by key group in (hash, key)
/// order; how far each key group has fired is all that remembers it. Rows of windows that have
/// fired are late. README.md tells the whole story.
///
/// Owner:  one SUBTASK attempt.   Thread: actor-confined.
/// Cost:   per row independent of size / slide; per result a constant number of merges.
/// Errors: aggregate_overflow, event_time_out_of_range, null_event_time, state_changed,
///         corrupt_snapshot_part, the expressions'.
class WindowOperator final : public Operator {
 public:
  WindowOperator(std::shared_ptr<const WindowPlan> plan, Phase phase);

  Status open(const OperatorContext& context) override;
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_watermark(EventTime now, Collector& out) override;
  [[nodiscard]] EventTime output_watermark(EventTime now) const override;
  Result<Progress> resume(Collector& out) override;
  Status snapshot(SnapshotSink& sink) override;
  void begin_copy_out(Epoch epoch) override;
  Result<Progress> copy_out(SnapshotSink& sink, ByteCount bytes) override;
  Status restore(SnapshotSource& source) override;
  Result<bool> key_groups(std::uint32_t input, const Batch& batch,
                          std::vector<KeyGroup>& groups) override;
  [[nodiscard]] ByteCount state_bytes() const override;
  [[nodiscard]] std::uint64_t late_rows() const override { return late_rows_; }

 private:
  /// How far the window `end` has fired in a key group that is not finished.
  struct Cursor {
    std::uint32_t group = 0;
    std::int64_t end = 0;
    std::uint64_t hash = 0;
    bool is_null = false;
    std::string key;
  };
  struct Firing;

  // window_operator.cpp
  Slice& slice_at(std::int64_t start);
  void add_rows(const WindowInput::Part& part);
  void count_late(const Batch& batch, std::vector<std::uint32_t> rows, Collector& out);
  void release_retired(std::size_t blocks) noexcept;
  /// Whether the snapshot that is being copied needs it: it retired after that barrier.
  [[nodiscard]] bool is_owed(const Slice& retired) const noexcept;
  void retire_slices();

  // window_fire.cpp
  Result<Progress> fire(Collector& out);
  [[nodiscard]] std::optional<std::int64_t> next_window(const PendingFire& pending) const;
  Result<bool> emit_window(const PendingFire& pending, std::int64_t end, Firing& firing);
  void keep_entries(const PendingFire& pending, std::int64_t end, const KeyedTable& table,
                    std::vector<KeyedTable::EntryRef>& entries) const;
  [[nodiscard]] bool already_emitted(const Cursor& cursor, const KeyedTable& table,
                                     const KeyedTable::EntryRef& entry) const;
  void stop_behind(const PendingFire& pending, std::int64_t end, const KeyedTable& table,
                   const KeyedTable::EntryRef& last);
  Status append_results(const KeyedTable& table, std::span<const KeyedTable::EntryRef> entries,
                        std::span<const std::byte* const> values, std::int64_t end, Firing& firing);

  // window_snapshot.cpp
  Status restore_blob(const std::string& blob);
  Status restore_entry(KeyGroup group, std::string_view key, std::string_view value);

  std::shared_ptr<const WindowPlan> plan_;
  Phase phase_;
  std::optional<OperatorContext> context_;
  KeyKind kind_;
  KeyGroupRange owned_;
  TableOptions table_options_;

  BlockPool blocks_;
  SnapshotClock clock_;
  SliceMap slices_;
  Slice* last_slice_ = nullptr;
  std::size_t usual_keys_ = 0;  ///< Keys of the slice that ended last.
  std::deque<std::unique_ptr<Slice>>
      retired_;                             ///< Fired; freed in steps, after a pending snapshot.
  std::unique_ptr<SlidingWindow> sliding_;  ///< Hopping windows only.
  std::optional<GroupProgress> progress_;
  std::deque<PendingFire> pending_;
  std::vector<Cursor> cursors_;
  std::uint64_t late_rows_ = 0;
  bool restored_ = false;

  std::unique_ptr<WindowInput> input_;
  std::vector<std::byte*> values_;
  std::vector<std::uint32_t> kept_;
  std::vector<std::uint32_t> kept_rows_;
};

}  // namespace flow
