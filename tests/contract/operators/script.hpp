#pragma once

#include "flow/base/random.hpp"
#include "flow/operators/operator.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace flow::testing {

/// One thing that happens to an operator.
struct ScriptStep {
  enum class Kind { batch, watermark, flush };
  Kind kind = Kind::batch;
  std::uint32_t input = 0;
  Batch batch;
  EventTime watermark;
};
using Script = std::vector<ScriptStep>;

/// How random rows look.
struct ScriptOptions {
  std::string schema = "k:string n:int64 at:timestamp! v:int64 x:float64";
  std::string time_column = "at";
  std::int64_t time_grain = 1;  ///< Times are multiples of it.
  std::uint32_t inputs = 1;
  bool late_rows = true;  ///< Some rows lie below the watermark.
  std::uint32_t steps = 24;
  std::uint32_t max_rows = 12;
};

/// Random rows (few keys, nulls, dictionaries, selections; floats whose sums are exact), watermarks
/// that follow them, a flush here and there; EventTime::max() at the end.
Script random_script(Random& random, const ScriptOptions& options = {});

/// The same with one row per batch.
Script one_row_per_batch(const Script& script);

}  // namespace flow::testing
