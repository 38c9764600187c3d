#include "window_input.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace flow {

WindowInput::WindowInput(const WindowPlan& plan, bool partial, SlabPool& pool)
    : plan_{plan},
      partial_{partial},
      pool_{pool},
      batch_keys_{key_kind_of(plan.key_types)},
      key_columns_(plan.key_types.size()) {
  std::iota(key_columns_.begin(), key_columns_.end(), 0u);
}

Status WindowInput::prepare_keys(const Batch& batch) {
  std::vector<Column> columns;
  columns.reserve(plan_.keys.size());
  for (std::size_t i = 0; i < plan_.keys.size(); ++i) {
    if (partial_) {
      columns.push_back(batch.column(i));
      continue;
    }
    FLOW_ASSIGN(auto column, plan_.keys[i].evaluate(batch, pool_));
    columns.push_back(std::move(column));
  }
  key_batch_ = batch.with_columns(plan_.key_schema, std::move(columns));
  return {};
}

Result<std::span<const std::uint64_t>> WindowInput::hash(const Batch& batch) {
  FLOW_TRY(prepare_keys(batch));
  keys_ = batch_keys_.prepare(key_batch_, key_columns_);
  return keys_.hashes;
}

Status WindowInput::prepare(const Batch& batch) {
  FLOW_TRY(prepare_keys(batch));
  keys_ = batch_keys_.prepare(key_batch_, key_columns_);
  columns_.clear();
  if (partial_) {
    for (std::size_t i = plan_.keys.size() + 1; i < batch.columns().size(); ++i)
      columns_.push_back(flatten(batch.column(i), batch.rows(), pool_));
  } else {
    for (const auto& argument : plan_.arguments) {
      FLOW_ASSIGN(auto column, argument.evaluate(batch, pool_));
      columns_.push_back(flatten(column, batch.rows(), pool_));
    }
  }
  return split_by_slice(batch);
}

Result<Column> WindowInput::time_column(const Batch& batch) const {
  const auto index = partial_ ? plan_.keys.size() : plan_.time_column;
  auto column = flatten(batch.column(index), batch.rows(), pool_);
  if (!column.has_validity()) return column;
  bool all_valid = true;
  batch.for_each_row([&](std::uint32_t row) { all_valid = all_valid && column.is_valid(row); });
  if (all_valid) return column;
  return Error{Errc::null_event_time, "a row has no event time: column '" +
                                          batch.schema()->field(index).name + "' is null"}
      .with_remedy("filter such rows before the window");
}

Status WindowInput::split_by_slice(const Batch& batch) {
  parts_.clear();
  const auto count = batch.selected();
  if (count == 0) return {};
  FLOW_ASSIGN(const auto column, time_column(batch));
  const auto* times = column.data<std::int64_t>();
  const auto selected =
      batch.has_selection() ? batch.selection() : std::span<const std::uint32_t>{};
  // Partial rows carry the start of their slice, which is a time of it.
  const auto offset = partial_ ? 0 : plan_.time_offset;
  const auto& math = plan_.math;
  if ((partial_ || plan_.time_is_event_time) && batch.min_time() <= batch.max_time()) {
    // The bounds may be wider than the rows: only if they decide the matter, the rows need no look.
    const auto earliest = batch.min_time().micros;
    const auto latest = batch.max_time().micros;
    if (math.in_range(earliest) && math.in_range(latest) &&
        math.slice_of(earliest) == math.slice_of(latest)) {
      parts_.push_back({math.slice_of(earliest), count, {}, selected});
      return {};
    }
  }
  auto low = times[selected.empty() ? 0 : selected[0]];
  auto high = low;
  if (selected.empty()) {
    for (std::uint32_t i = 0; i < count; ++i) {
      low = std::min(low, times[i]);
      high = std::max(high, times[i]);
    }
  } else {
    for (const auto row : selected) {
      low = std::min(low, times[row]);
      high = std::max(high, times[row]);
    }
  }
  for (const auto time : {low, high}) {
    if (time > EventTime::min().micros && time < EventTime::max().micros && math.in_range(time) &&
        math.in_range(time + offset))
      continue;
    return Error{Errc::event_time_out_of_range,
                 "no window for a row with event time " + format_timestamp({time})}
        .with_cause("windows of " + format_duration(Micros{math.size()}) +
                    " around it do not fit a timestamp");
  }
  const auto first = math.slice_of(low + offset);
  if (high + offset < first + math.slice()) {
    parts_.push_back({first, count, {}, selected});
    return {};
  }

  std::map<std::int64_t, std::uint32_t> numbers;
  part_of_.resize(count);
  auto slice = first;
  auto number = numbers.try_emplace(first, 0u).first->second;
  parts_.push_back({first, 0, {}, {}});
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto time = times[selected.empty() ? i : selected[i]] + offset;
    if (time < slice || time - slice >= math.slice()) {
      slice = math.slice_of(time);
      const auto [at, fresh] =
          numbers.try_emplace(slice, static_cast<std::uint32_t>(parts_.size()));
      if (fresh) parts_.push_back({slice, 0, {}, {}});
      number = at->second;
    }
    part_of_[i] = number;
    ++parts_[number].count;
  }
  positions_.resize(count);
  rows_.resize(selected.empty() ? 0 : count);
  std::vector<std::uint32_t> next(parts_.size());
  std::uint32_t begin = 0;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    next[p] = begin;
    const auto size = parts_[p].count;
    parts_[p].positions = std::span<const std::uint32_t>{positions_}.subspan(begin, size);
    parts_[p].rows = selected.empty() ? parts_[p].positions
                                      : std::span<const std::uint32_t>{rows_}.subspan(begin, size);
    begin += static_cast<std::uint32_t>(size);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto to = next[part_of_[i]]++;
    positions_[to] = i;
    if (!selected.empty()) rows_[to] = selected[i];
  }
  return {};
}

void WindowInput::add(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
                      std::uint32_t first) const {
  if (partial_) {
    plan_.accumulators->merge_partial(values, rows, first, columns_);
  } else {
    plan_.accumulators->update(values, rows, first, columns_);
  }
}

std::int64_t WindowInput::weight(std::uint32_t row) const {
  return partial_ ? columns_[0].data<std::int64_t>()[row] : 1;
}

}  // namespace flow
