#pragma once

#include "script.hpp"

#include "flow/operators/spec.hpp"
#include "support/manual_clock.hpp"
#include "support/operators/memory_snapshot.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// What an operator emitted, in order, with the watermarks the chain would forward.
struct Emission {
  std::uint32_t port = 0;
  Batch batch;  ///< Empty: a watermark.
  EventTime watermark;
};
using Emissions = std::vector<Emission>;

/// An operator under test: what it is and what it is fed.
struct OperatorCase {
  std::string name;
  OperatorSpec spec;
  std::vector<StreamShape> inputs;  ///< Of the spec.
  Phase phase = Phase::single;
  std::function<Script(Random&, bool late_rows)> script;
  /// What a row becomes depends on all rows before it: one subtask, no other parallelism.
  bool is_one_whole = false;
  /// Rows it emits on port 0 are never late, even if its input's were.
  bool absorbs_late_rows = false;
  /// What the emissions of port 0 mean, one text per row, where rows depend on how the input was
  /// cut (local phase). Watermarks count only if the emissions are one stream, not those of several
  /// subtasks.
  std::function<std::vector<std::string>(const Emissions&, bool one_stream)> meaning;
  /// An operator that no spec makes, and what it puts out; `spec` and `phase` do not count then.
  std::function<std::unique_ptr<Operator>()> own;
  StreamShape own_output;

  [[nodiscard]] std::unique_ptr<Operator> make() const;
};

/// Every operator there is: one line each in cases.cpp.
std::vector<OperatorCase> operator_cases();

/// What emissions mean, sorted, as texts to compare.
std::vector<std::string> meaning_of(const OperatorCase& subject, const Emissions& emissions,
                                    bool one_stream = true);

/// Runs an operator through everything the contract allows (README.md) for one seed. What it emits
/// must be the same rows per port each time, and no row may be late to a watermark sent before it.
void check_contract(const OperatorCase& subject, std::uint64_t seed);

}  // namespace flow::testing
