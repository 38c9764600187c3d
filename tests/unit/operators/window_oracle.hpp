#pragma once

#include "flow/base/random.hpp"
#include "flow/operators/spec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// A row of the tests' input: `k:int64 name:string at:timestamp v:int64 f:float64 s:string`.
struct InputRow {
  std::optional<std::int64_t> k;
  std::optional<std::string> name;
  std::int64_t at = 0;
  std::optional<std::int64_t> v;
  std::optional<double> f;
  std::optional<std::string> s;
};
inline constexpr const char* kInputSchema =
    "k:int64 name:string at:timestamp! v:int64 f:float64 s:string";

Batch to_batch(const std::vector<InputRow>& rows);
std::vector<InputRow> random_rows(Random& random, std::size_t count, std::int64_t around,
                                  std::int64_t disorder, std::uint64_t keys);

/// Windowed aggregation as a plain loop over all rows and all windows: what the operator must agree
/// with. Aggregates: count(), count(v), sum(v), avg(v), min(f), max(s), sum(f), min(v).
class WindowOracle {
 public:
  enum class Keys { none, k, name, both };
  WindowOracle(Keys keys, std::int64_t size, std::int64_t slide, std::int64_t lateness)
      : keys_{keys}, size_{size}, slide_{slide}, lateness_{lateness} {}

  void push(const std::vector<InputRow>& rows);
  void watermark(std::int64_t now);
  /// Rows as text, as row_texts() gives them; unordered.
  [[nodiscard]] const std::vector<std::string>& results() const { return results_; }
  [[nodiscard]] const std::vector<InputRow>& late() const { return late_; }

  /// The spec that asks for this.
  [[nodiscard]] WindowAggregateSpec spec(bool floats = true) const;
  [[nodiscard]] static StreamShape input_shape();

 private:
  struct Sums {
    std::int64_t rows = 0;
    std::int64_t valid = 0;
    std::int64_t sum = 0;
    std::optional<double> least_f;
    std::optional<std::string> most_s;
    std::optional<double> sum_f;
    std::optional<std::int64_t> least_v;
  };
  struct WindowKey {
    std::int64_t end;
    std::optional<std::int64_t> k;
    std::optional<std::string> name;
    auto operator<=>(const WindowKey&) const = default;
  };
  Keys keys_;
  std::int64_t size_;
  std::int64_t slide_;
  std::int64_t lateness_;
  std::optional<std::int64_t> fired_;
  std::map<WindowKey, Sums> open_;
  std::vector<std::string> results_;
  std::vector<InputRow> late_;
  bool floats_ = true;

 public:
  /// Leaves out what is not exactly invertible: count(), count(v), sum(v), avg(v) only.
  void only_exact() { floats_ = false; }
};

}  // namespace flow::testing
