#pragma once

#include "support/runtime/numbers_source.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace flow::testing {

/// What a job should deliver, computed by plain loops that share nothing with the engine.
struct NumberRow {
  std::int64_t k = 0;
  std::int64_t at = 0;
  std::int64_t v = 0;
  bool timeless = false;
};
struct WindowRow {
  std::int64_t k = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t n = 0;
  std::int64_t total = 0;
};

/// The rows of a numbers source.
std::vector<NumberRow> rows_of(const Numbers& numbers);
/// Rows and sum of `v` per `k` in the windows of `size` that begin every `slide`. Rows without time
/// are in none.
std::vector<WindowRow> windows_of(const std::vector<NumberRow>& rows, std::int64_t size,
                                  std::int64_t slide);
/// The `most` largest totals of each window; of equal ones the smaller `k`.
std::vector<WindowRow> largest_of(std::vector<WindowRow> windows, std::size_t most);

/// As a ledger keeps them, sorted.
std::vector<std::string> as_ledger_rows(const std::vector<WindowRow>& rows);
/// As lines of JSON, sorted; all times are whole seconds.
std::vector<std::string> as_json_lines(const std::vector<WindowRow>& rows);
/// Lines of JSON for a source.
std::string as_json(const std::vector<NumberRow>& rows);

}  // namespace flow::testing
