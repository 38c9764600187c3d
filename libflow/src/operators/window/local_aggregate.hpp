#pragma once

#include "slice.hpp"
#include "window_input.hpp"
#include "window_plan.hpp"

#include "flow/operators/operator.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// Adds rows up before the exchange: one partial accumulator per (slice, key) instead of many rows.
///
/// Holds a bounded number of partials. Gives them away when it is full, when its input is idle,
/// and, before a watermark is forwarded, those that a window this watermark can fire needs; a
/// source that has nothing to read for a moment changes nothing, as nobody could see a result
/// sooner. Decides nothing about lateness. Where two rows or fewer become one partial it stands
/// aside for a while: rows become partials of their own, column by column, without a table.
///
/// Owner: one SUBTASK attempt, before the exchange: its state is not bound to key groups.
/// Thread: actor-confined.   Errors: as the window operator's.
class LocalAggregate final : public Operator {
 public:
  explicit LocalAggregate(std::shared_ptr<const WindowPlan> plan);

  Status open(const OperatorContext& context) override;
  Result<Progress> on_batch(std::uint32_t input, Batch batch, Collector& out) override;
  Result<Progress> on_watermark(EventTime now, Collector& out) override;
  Result<Progress> on_idle(Collector& out) override;
  Result<Progress> resume(Collector& out) override;
  Status snapshot(SnapshotSink& sink) override;
  Status restore(SnapshotSource& source) override;
  [[nodiscard]] ByteCount state_bytes() const override;

 private:
  void emit_rows(const Batch& batch, Collector& out);
  void add_rows(const WindowInput::Part& part);
  Result<Progress> give_away(Collector& out);
  Status append(const Slice& slice, std::span<const KeyedTable::EntryRef> entries);
  void emit(Collector& out);
  void judge();
  Status restore_blob(const std::string& blob);
  Status restore_entry(std::int64_t start, std::string_view key, std::string_view value);
  [[nodiscard]] bool is_given(const Slice& slice, const KeyedTable::EntryRef& entry) const;

  std::shared_ptr<const WindowPlan> plan_;
  std::optional<OperatorContext> context_;
  KeyKind kind_;
  TableOptions table_options_;
  BlockPool blocks_;
  SnapshotClock clock_;  // Never raised: what is held goes into the blob.
  SliceMap slices_;
  std::size_t held_ = 0;        ///< Partials in all slices.
  std::size_t usual_keys_ = 0;  ///< Partials of the slice given away last: room the next one gets.
  std::uint64_t rows_in_ = 0;   ///< Rows behind them.
  std::uint32_t aside_ = 0;     ///< Batches left to pass without adding up.

  /// Slices whose first window ends up to here are being given away; none: nothing is.
  std::optional<std::int64_t> giving_;
  /// Entries of the first slice up to this one are gone already.
  struct Given {
    std::uint64_t hash = 0;
    bool is_null = false;
    std::string key;
  };
  std::optional<Given> given_;

  std::unique_ptr<WindowInput> input_;
  std::vector<std::byte*> values_;
  std::vector<ColumnBuilder> columns_;
  std::uint32_t rows_ = 0;
  EventTime low_ = EventTime::max();
  EventTime high_ = EventTime::min();
};

}  // namespace flow
