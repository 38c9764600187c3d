// How windows fire: in order of their ends, each in order of (key group, hash, key), in pieces.
#include "window_operator.hpp"

#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/key.hpp"

#include <algorithm>

namespace flow {
namespace {

/// Results, merges and lookups of one call: about a millisecond.
constexpr std::int64_t kWorkPerCall = 16384;

}  // namespace

/// The output of one call: results of several windows share batches.
struct WindowOperator::Firing {
  Firing(const WindowPlan& plan, SlabPool& pool, Collector& out_) : out{out_} {
    for (const auto& field : plan.output->fields()) columns.emplace_back(field.type, pool, 1024);
  }

  [[nodiscard]] std::uint32_t rows() const { return rows_; }
  [[nodiscard]] bool full() const {
    std::uint64_t bytes = 0;
    for (const auto& column : columns) bytes += column.bytes();
    return rows_ >= kTargetRows || bytes >= kTargetBytes.value;
  }
  void count(std::uint32_t rows, std::int64_t end) {
    rows_ += rows;
    low = std::min(low, EventTime{end - 1});
    high = std::max(high, EventTime{end - 1});
  }
  void flush(const SchemaPtr& schema) {
    if (rows_ == 0) return;
    std::vector<Column> done;
    for (auto& column : columns) done.push_back(column.finish());
    Batch batch{schema, rows_, std::move(done)};
    batch.set_time_bounds(low, high);
    rows_ = 0;
    low = EventTime::max();
    high = EventTime::min();
    out.emit(std::move(batch));
  }

  Collector& out;
  std::vector<ColumnBuilder> columns;
  std::int64_t work = kWorkPerCall;
  EventTime low = EventTime::max();
  EventTime high = EventTime::min();

 private:
  std::uint32_t rows_ = 0;
};

Result<Progress> WindowOperator::fire(Collector& out) {
  if (pending_.empty()) return Progress::done;
  if (!out.has_room()) return Progress::more;
  Firing firing{*plan_, context_->pool, out};
  while (!pending_.empty()) {
    const auto pending = pending_.front();
    const auto end = next_window(pending);
    if (!end) {
      progress_->raise(pending.groups, plan_->math.last_end_until(pending.limit));
      pending_.pop_front();
      retire_slices();
      continue;
    }
    const bool ready = sliding_ == nullptr || sliding_->advance(*end, slices_, firing.work);
    bool finished = false;
    if (ready) {
      FLOW_ASSIGN(finished, emit_window(pending, *end, firing));
    }
    if (finished) {
      progress_->raise(pending.groups, *end);
      std::erase_if(cursors_, [&](const Cursor& cursor) {
        return cursor.end <= progress_->of(cursor.group);
      });
      retire_slices();
      if (firing.work > 0) continue;
    }
    firing.flush(plan_->output);
    return Progress::more;
  }
  firing.flush(plan_->output);
  return Progress::done;
}

std::optional<std::int64_t> WindowOperator::next_window(const PendingFire& pending) const {
  const auto& math = plan_->math;
  const auto fired = progress_->lowest(pending.groups);
  for (const auto& [start, slice] : slices_) {
    if (math.last_end(start) <= fired || slice->table.empty()) continue;
    auto end = math.first_end(start);
    if (end <= fired) end = math.last_end_until(fired) + math.slide();
    if (end > pending.limit) return std::nullopt;
    return end;
  }
  return std::nullopt;
}

bool WindowOperator::already_emitted(const Cursor& cursor, const KeyedTable& table,
                                     const KeyedTable::EntryRef& entry) const {
  if (entry.hash != cursor.hash) return entry.hash < cursor.hash;
  if (kind_ == KeyKind::number) return !KeyedTable::is_null(entry.slot) || cursor.is_null;
  return table.encoded_key(entry) <= cursor.key;
}

void WindowOperator::keep_entries(const PendingFire& pending, std::int64_t end,
                                  const KeyedTable& table,
                                  std::vector<KeyedTable::EntryRef>& entries) const {
  if (progress_->uniform() && cursors_.empty() && pending.groups == owned_) return;
  std::erase_if(entries, [&](const KeyedTable::EntryRef& entry) {
    const auto group = key_group_of(entry.hash, context_->key_groups).value;
    if (group < pending.groups.first || group >= pending.groups.last) return true;
    if (progress_->of(group) >= end) return true;
    return std::any_of(cursors_.begin(), cursors_.end(), [&](const Cursor& cursor) {
      return cursor.group == group && cursor.end == end && already_emitted(cursor, table, entry);
    });
  });
}

void WindowOperator::stop_behind(const PendingFire& pending, std::int64_t end,
                                 const KeyedTable& table, const KeyedTable::EntryRef& last) {
  const auto group = key_group_of(last.hash, context_->key_groups).value;
  if (group > pending.groups.first) progress_->raise({pending.groups.first, group}, end);
  std::erase_if(cursors_,
                [&](const Cursor& cursor) { return cursor.end <= progress_->of(cursor.group); });
  const bool is_null = kind_ == KeyKind::number && KeyedTable::is_null(last.slot);
  Cursor cursor{group, end, last.hash, is_null, std::string{table.encoded_key(last)}};
  const auto same = std::find_if(cursors_.begin(), cursors_.end(),
                                 [&](const Cursor& c) { return c.group == group && c.end == end; });
  if (same != cursors_.end()) {
    *same = std::move(cursor);
  } else {
    cursors_.push_back(std::move(cursor));
  }
}

Status WindowOperator::append_results(const KeyedTable& table,
                                      std::span<const KeyedTable::EntryRef> entries,
                                      std::span<const std::byte* const> values, std::int64_t end,
                                      Firing& firing) {
  const auto keys = plan_->key_types.size();
  const auto rows = static_cast<std::uint32_t>(entries.size());
  const auto columns = std::span<ColumnBuilder>{firing.columns};
  FLOW_TRY(append_keys(table, kind_, entries, columns.first(keys)));
  for (const auto& [column, time] :
       {std::pair{keys, end - plan_->math.size()}, std::pair{keys + 1, end}})
    std::fill_n(columns[column].append_uninitialized<std::int64_t>(rows), rows, time);
  FLOW_TRY(plan_->accumulators->finish(values, columns.subspan(keys + 2)));
  firing.count(rows, end);
  firing.work -= rows;
  return {};
}

Result<bool> WindowOperator::emit_window(const PendingFire& pending, std::int64_t end,
                                         Firing& firing) {
  const auto found = sliding_ == nullptr ? slices_.find(end - plan_->math.size()) : slices_.end();
  FLOW_CHECK(sliding_ != nullptr || found != slices_.end());
  auto& table = sliding_ != nullptr ? sliding_->table() : found->second->table;

  auto first = pending.groups.first;
  while (first < pending.groups.last && progress_->of(first) >= end) ++first;
  if (first == pending.groups.last) return true;
  const auto range = hash_range_of({first, pending.groups.last}, context_->key_groups);
  auto from = range.first;
  for (const auto& cursor : cursors_)
    if (cursor.group == first && cursor.end == end) from = cursor.hash;

  std::vector<KeyedTable::EntryRef> entries;
  std::vector<KeyedTable::EntryRef> alive;
  std::vector<KeyedTable::EntryRef> gone;
  std::vector<const std::byte*> values;
  std::uint64_t next = 0;
  while (from <= range.last && table.collect(from, entries, next)) {
    keep_entries(pending, end, table, entries);
    for (std::size_t done = 0; done < entries.size();) {
      const auto room = kTargetRows - firing.rows();
      const auto piece = std::span<const KeyedTable::EntryRef>{entries}.subspan(
          done, std::min<std::size_t>({room, entries.size() - done, 512}));
      std::span<const KeyedTable::EntryRef> results = piece;
      if (sliding_ != nullptr) {
        sliding_->results(piece, slices_, values, firing.work);
        alive.clear();
        for (std::size_t i = 0; i < piece.size(); ++i)
          (values[i] != nullptr ? alive : gone).push_back(piece[i]);
        std::erase(values, nullptr);
        results = alive;
      } else {
        values.clear();
        for (const auto& entry : piece) values.push_back(KeyedTable::value_of(entry.slot));
      }
      FLOW_TRY(append_results(table, results, values, end, firing));
      done += piece.size();
      const bool full = firing.full();
      if (full) firing.flush(plan_->output);
      const bool last = done == entries.size() && (next == 0 || next > range.last);
      if (last || (firing.work > 0 && (!full || firing.out.has_room()))) continue;
      stop_behind(pending, end, table, piece.back());
      return false;
    }
    if (sliding_ != nullptr) sliding_->erase(gone);
    gone.clear();
    if (next == 0) break;
    from = next;
  }
  // Between windows the next piece waits for room too.
  if (firing.rows() == 0 && !firing.out.has_room()) firing.work = 0;
  return true;
}

}  // namespace flow
