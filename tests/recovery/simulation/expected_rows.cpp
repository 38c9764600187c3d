#include "expected_rows.hpp"

#include "flow/base/random.hpp"
#include "support/batches.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace flow::testing {

std::vector<NumberRow> rows_of(const Numbers& numbers) {
  std::vector<NumberRow> rows;
  for (std::uint64_t i = 0; i < numbers.rows; ++i)
    rows.push_back({static_cast<std::int64_t>(mix64(i) % numbers.keys),
                    static_cast<std::int64_t>(i) * numbers.step.count(),
                    static_cast<std::int64_t>(i),
                    numbers.timeless_every > 0 && i % numbers.timeless_every == 0});
  return rows;
}

std::vector<WindowRow> windows_of(const std::vector<NumberRow>& rows, std::int64_t size,
                                  std::int64_t slide) {
  std::map<std::pair<std::int64_t, std::int64_t>, WindowRow> windows;
  for (const auto& row : rows) {
    if (row.timeless) continue;
    // Times are not negative, but the first windows may begin before zero.
    for (auto start = row.at / slide * slide; start > row.at - size; start -= slide) {
      auto& window = windows[{start, row.k}];
      window.k = row.k;
      window.start = start;
      window.end = start + size;
      ++window.n;
      window.total += row.v;
    }
  }
  std::vector<WindowRow> all;
  for (const auto& [key, window] : windows) all.push_back(window);
  return all;
}

std::vector<WindowRow> largest_of(std::vector<WindowRow> windows, std::size_t most) {
  std::sort(windows.begin(), windows.end(), [](const WindowRow& a, const WindowRow& b) {
    return std::tuple{a.start, -a.total, a.k} < std::tuple{b.start, -b.total, b.k};
  });
  std::vector<WindowRow> kept;
  std::size_t in_window = 0;
  for (const auto& window : windows) {
    if (kept.empty() || kept.back().start != window.start) in_window = 0;
    if (in_window++ < most) kept.push_back(window);
  }
  return kept;
}

std::vector<std::string> as_ledger_rows(const std::vector<WindowRow>& rows) {
  std::vector<Row> cells;
  for (const auto& row : rows) cells.push_back({row.k, row.start, row.end, row.n, row.total});
  auto texts = row_texts(
      batch("k:int64! window_start:timestamp! window_end:timestamp! n:int64! total:int64!", cells));
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::vector<std::string> as_json_lines(const std::vector<WindowRow>& rows) {
  std::vector<std::string> lines;
  for (const auto& row : rows)
    lines.push_back("{\"k\":" + std::to_string(row.k) + ",\"window_start\":\"" +
                    format_timestamp(EventTime{row.start}) + "\",\"window_end\":\"" +
                    format_timestamp(EventTime{row.end}) + "\",\"n\":" + std::to_string(row.n) +
                    ",\"total\":" + std::to_string(row.total) + "}");
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string as_json(const std::vector<NumberRow>& rows) {
  std::string text;
  for (const auto& row : rows)
    text += "{\"k\":" + std::to_string(row.k) + ",\"at\":\"" + format_timestamp(EventTime{row.at}) +
            "\",\"v\":" + std::to_string(row.v) + "}\n";
  return text;
}

}  // namespace flow::testing
