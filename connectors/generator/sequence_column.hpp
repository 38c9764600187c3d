#pragma once

#include "column_generator.hpp"

namespace flow::generator {

/// start + step · k, where k counts rows: every `divide` rows by one, back to 0 after `modulo`, or
/// scattered.
struct SequencePlan {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::uint64_t divide = 1;
  std::uint64_t modulo = 0;  ///< 0: never back.
  bool shuffle = false;
  std::uint64_t seed = 0;
  std::string prefix;  ///< Of texts.
  double float_start = 0;
  double float_step = 1;
};

std::shared_ptr<const ColumnGenerator> make_sequence_column(DataType type, SequencePlan plan);

}  // namespace flow::generator
