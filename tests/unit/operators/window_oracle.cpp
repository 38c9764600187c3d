#include "window_oracle.hpp"

#include "support/batches.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

std::int64_t floor_multiple(std::int64_t value, std::int64_t step) {
  auto quotient = value / step;
  if (value % step < 0) --quotient;
  return quotient * step;
}

template <class T>
Cell cell(const std::optional<T>& value) {
  return value ? Cell{*value} : Cell{nullptr};
}

}  // namespace

Batch to_batch(const std::vector<InputRow>& rows) {
  std::vector<Row> cells;
  for (const auto& row : rows)
    cells.push_back({cell(row.k), cell(row.name), row.at, cell(row.v), cell(row.f), cell(row.s)});
  return batch(kInputSchema, cells);
}

std::vector<InputRow> random_rows(Random& random, std::size_t count, std::int64_t around,
                                  std::int64_t disorder, std::uint64_t keys) {
  std::vector<InputRow> rows(count);
  for (auto& row : rows) {
    const auto key = random.below(keys);
    if (key % 5 != 4) row.k = static_cast<std::int64_t>(key) - 3;
    if (key % 7 != 6) row.name = std::string(key % 12, 'n') + std::to_string(key % 9);
    row.at = around + random.between(-disorder, disorder);
    if (!random.chance(0.3)) row.v = random.between(-1000, 1000);
    if (!random.chance(0.3)) row.f = static_cast<double>(random.between(-400, 400)) * 0.25;
    if (!random.chance(0.3))
      row.s = std::string(random.below(20), 's') + std::to_string(random.below(50));
  }
  return rows;
}

StreamShape WindowOracle::input_shape() {
  StreamShape shape;
  shape.schema = schema(kInputSchema);
  shape.time_column = "at";
  shape.has_watermark = true;
  return shape;
}

WindowAggregateSpec WindowOracle::spec(bool floats) const {
  WindowAggregateSpec spec;
  if (keys_ == Keys::k || keys_ == Keys::both) spec.keys.push_back({"k", {"k", {}}});
  if (keys_ == Keys::name || keys_ == Keys::both) spec.keys.push_back({"name", {"name", {}}});
  if (size_ == slide_) {
    spec.window = TumblingWindow{Micros{size_}};
  } else {
    spec.window = HoppingWindow{Micros{size_}, Micros{slide_}};
  }
  spec.time_column = "at";
  spec.lateness = Micros{lateness_};
  const auto add = [&](const char* name, const char* function, const char* argument) {
    AggregateSpec aggregate{name, function, std::nullopt, {}};
    if (*argument != 0) aggregate.argument = ExpressionText{argument, {}};
    spec.aggregates.push_back(std::move(aggregate));
  };
  add("n", "count", "");
  add("nv", "count", "v");
  add("sv", "sum", "v");
  add("av", "avg", "v");
  if (!floats) return spec;
  add("lf", "min", "f");
  add("ms", "max", "s");
  add("sf", "sum", "f");
  add("lv", "min", "v");
  return spec;
}

void WindowOracle::push(const std::vector<InputRow>& rows) {
  for (const auto& row : rows) {
    bool counted = false;
    for (auto start = floor_multiple(row.at, slide_); start + size_ > row.at; start -= slide_) {
      const auto end = start + size_;
      if (fired_ && end <= *fired_) continue;
      counted = true;
      WindowKey key{end, std::nullopt, std::nullopt};
      if (keys_ == Keys::k || keys_ == Keys::both) key.k = row.k;
      if (keys_ == Keys::name || keys_ == Keys::both) key.name = row.name;
      auto& sums = open_[key];
      ++sums.rows;
      if (row.v) {
        ++sums.valid;
        sums.sum += *row.v;
        sums.least_v = sums.least_v ? std::min(*sums.least_v, *row.v) : *row.v;
      }
      if (row.f) {
        sums.least_f = sums.least_f ? std::min(*sums.least_f, *row.f) : *row.f;
        sums.sum_f = sums.sum_f.value_or(0) + *row.f;
      }
      if (row.s) sums.most_s = sums.most_s ? std::max(*sums.most_s, *row.s) : *row.s;
    }
    if (!counted) late_.push_back(row);
  }
}

void WindowOracle::watermark(std::int64_t now) {
  const bool all = now == EventTime::max().micros;
  const auto limit = all ? now : floor_multiple(now - lateness_ - size_, slide_) + size_;
  std::string text =
      "window_start:timestamp! window_end:timestamp! n:int64! nv:int64! sv:int64 av:float64";
  if (floats_) text += " lf:float64 ms:string sf:float64 lv:int64";
  if (keys_ == Keys::both) {
    text = "k:int64 name:string " + text;
  } else if (keys_ == Keys::k) {
    text = "k:int64 " + text;
  } else if (keys_ == Keys::name) {
    text = "name:string " + text;
  }
  std::vector<Row> rows;
  while (!open_.empty() && open_.begin()->first.end <= limit) {
    const auto& [key, sums] = *open_.begin();
    Row row;
    if (keys_ == Keys::k || keys_ == Keys::both) row.push_back(cell(key.k));
    if (keys_ == Keys::name || keys_ == Keys::both) row.push_back(cell(key.name));
    row.emplace_back(key.end - size_);
    row.emplace_back(key.end);
    row.emplace_back(sums.rows);
    row.emplace_back(sums.valid);
    row.push_back(sums.valid == 0 ? Cell{nullptr} : Cell{sums.sum});
    row.push_back(sums.valid == 0
                      ? Cell{nullptr}
                      : Cell{static_cast<double>(sums.sum) / static_cast<double>(sums.valid)});
    if (floats_) {
      row.push_back(cell(sums.least_f));
      row.push_back(cell(sums.most_s));
      row.push_back(cell(sums.sum_f));
      row.push_back(cell(sums.least_v));
    }
    rows.push_back(std::move(row));
    open_.erase(open_.begin());
  }
  if (!rows.empty())
    for (auto& line : row_texts(batch(text, rows))) results_.push_back(std::move(line));
  if (!fired_ || limit > *fired_) fired_ = limit;
}

}  // namespace flow::testing
