#pragma once

#include "column_generator.hpp"

#include <string>
#include <vector>

namespace flow::generator {

/// How the values of a random column are spread.
struct RandomPlan {
  enum class Kind : std::uint8_t { uniform, zipf, normal, choice, text, chance };
  Kind kind = Kind::uniform;
  std::int64_t min = 0;  ///< Uniform and zipf over whole numbers, days and microseconds.
  std::int64_t max = 0;
  double float_min = 0;
  double float_max = 1;
  double exponent = 1.0;  ///< zipf.
  double mean = 0;        ///< normal.
  double deviation = 1;
  double probability = 0.5;           ///< Of true.
  std::vector<std::string> texts;     ///< choice, as the user wrote them.
  std::vector<std::int64_t> numbers;  ///< choice, read as the column's type.
  std::vector<double> floats;
  std::vector<double> cumulative;  ///< choice: ends of the shares of [0, 1).
  std::uint32_t min_length = 8;
  std::uint32_t max_length = 8;
  std::string alphabet = "abcdefghijklmnopqrstuvwxyz";
  double nulls = 0;
  std::uint64_t seed = 0;
};

std::shared_ptr<const ColumnGenerator> make_random_column(DataType type, RandomPlan plan);

}  // namespace flow::generator
