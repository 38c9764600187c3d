#pragma once

#include "row_order.hpp"
#include "window/group_progress.hpp"

#include "flow/operators/operator.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// What `top` knows before the first row.
struct TopPlan {
  std::uint64_t n = 1;
  std::vector<OrderBy> by;
  std::vector<std::uint32_t> per;  ///< Columns of a group.
  std::uint32_t time_column = 0;   ///< One of `per`.
  std::int64_t time_offset = 0;
  SchemaPtr schema;
};

/// Keeps the best n rows of each group and emits them, best first, when the watermark has passed
/// the group's time. Append-only: a group is emitted once, whole; a row that comes after it is
/// late.
///
/// Owner:  one SUBTASK attempt.   Thread: actor-confined.
/// Cost:   O(log n) comparisons of bytes per row that is good enough; n rows of memory per open
/// group. Errors: null_event_time, state_changed, corrupt_snapshot_part.
class TopOperator final : public Operator {
 public:
  explicit TopOperator(TopPlan plan);

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
  [[nodiscard]] ByteCount state_bytes() const override { return {bytes_}; }
  [[nodiscard]] std::uint64_t late_rows() const override { return late_rows_; }

 private:
  /// Groups in the order in which they are complete; equal times by (hash, key).
  struct GroupKey {
    std::int64_t complete_at = 0;  ///< First watermark that is behind the group's time.
    std::uint64_t hash = 0;
    std::string key;
    auto operator<=>(const GroupKey&) const = default;
  };
  struct Group {
    std::vector<std::string> rows;  ///< A heap, the worst in front; sorted once it is emitted.
    std::size_t emitted = 0;        ///< > 0: sorted, and so many are gone.
    std::uint32_t epoch = 0;        ///< Snapshot that the last write belongs to.
  };
  using Groups = std::map<GroupKey, Group>;

  /// Memory, about.
  static std::size_t cost_of(const std::string& row) noexcept { return row.size() + 48; }
  static std::size_t cost_of(const GroupKey& key) noexcept { return key.key.size() + 160; }
  void add(Groups::iterator at, const Batch& batch, std::uint32_t row);
  void before_write(Groups::iterator at);
  [[nodiscard]] std::uint32_t key_group(const GroupKey& key) const;
  [[nodiscard]] std::string encode(const Group& group) const;
  [[nodiscard]] std::string fingerprint() const;
  Result<Progress> fire(Collector& out);
  void flush(Collector& out);
  Status put(SnapshotSink& sink, const GroupKey& key, std::string_view value) const;
  Status restore_blob(const std::string& blob);
  Status restore_entry(KeyGroup group, std::string_view key, std::string_view value);

  TopPlan plan_;
  RowOrder order_;
  std::vector<DataType> per_types_;
  std::optional<OperatorContext> context_;
  KeyGroupRange owned_;
  std::optional<GroupProgress> progress_;
  std::deque<PendingFire> pending_;
  Groups groups_;
  std::uint64_t bytes_ = 0;
  std::uint64_t late_rows_ = 0;

  std::uint32_t epoch_ = 1;
  bool copying_ = false;
  std::optional<GroupKey> copied_;                       ///< Groups up to here are written.
  std::vector<std::pair<GroupKey, std::string>> aside_;  ///< Old values of groups written to since.

  std::vector<std::uint64_t> hashes_;
  std::string key_scratch_;
  std::string row_scratch_;
  std::vector<ColumnBuilder> columns_;
  std::uint32_t rows_ = 0;
  EventTime low_ = EventTime::max();
  EventTime high_ = EventTime::min();
};

}  // namespace flow
