#pragma once

#include "flow/base/random.hpp"
#include "flow/record/schema.hpp"

#include <string>

namespace flow::testing {

/// The types random expressions have.
enum class Kind { boolean, int32, int64, float64, string, bytes, date, timestamp, interval };

/// Writes random expressions that mean the same to Flow and PostgreSQL.
///
/// Columns: two of each type, `b1 b2 i1 i2 l1 l2 f1 f2 s1 s2 y1 y2 d1 d2 t1 t2`. Decimal literals
/// carry `::float8`, because Flow has no numeric. Whatever can raise contains a column, because
/// PostgreSQL works out constants even in branches that are not taken.
///
/// Owner: a test.   Thread: actor-confined.
class RandomExpression {
 public:
  explicit RandomExpression(Random& random) : random_{random} {}

  std::string of(Kind kind, int depth, bool needs_column = false);
  Kind any_kind();  ///< That a column can have.

 private:
  std::string column(Kind kind);
  std::string literal(Kind kind);
  std::string boolean(int depth);
  std::string comparison(int depth);
  std::string integer(Kind kind, int depth);
  std::string float64(int depth);
  std::string text(int depth);
  std::string bytes(int depth);
  std::string date(int depth);
  std::string timestamp(int depth);
  std::string interval(int depth);
  std::string conditional(Kind kind, int depth);
  std::string pattern();
  Kind number();
  std::uint64_t pick(std::uint64_t bound) { return random_.below(bound); }
  template <std::size_t N>
  std::string one_of(const char* const (&choices)[N]) {
    return choices[pick(N)];
  }

  Random& random_;
};

}  // namespace flow::testing
