#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"
#include "flow/format/column_text.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace flow {

class TimeZone;

/// Reads a column's timestamps and dates out of text, as a ColumnText describes them.
///
/// Owner: a decoder.   Thread: actor-confined (remembers the day it saw last).
class TimeText {
 public:
  /// Errors: bad_format (unknown directive, zone or unit).
  static Result<TimeText> make(const ColumnText& text);

  /// Microseconds since 1970 UTC. False: `problem()` says why.
  bool parse(std::string_view text, std::int64_t& micros) {
    if (plain_ && parse_iso(text, micros)) [[likely]]
      return true;
    return parse_slow(text, micros);
  }
  /// An integer with the column's unit.
  bool from_integer(std::int64_t number, std::int64_t& micros);
  /// Days since 1970.
  bool parse_days(std::string_view text, std::int32_t& days);
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  bool parse_iso(std::string_view text, std::int64_t& micros) noexcept;
  bool parse_slow(std::string_view text, std::int64_t& micros);
  bool parse_format(std::string_view text, std::int64_t& micros);

  bool plain_ = true;  ///< ISO 8601 in UTC.
  std::string format_;
  std::string unit_;
  std::int64_t unit_micros_ = 0;  ///< Multiplies; 0 = divide or none.
  std::int64_t unit_divisor_ = 0;
  std::shared_ptr<const TimeZone> zone_;
  /// The sixteen characters of the minute seen last: `1970-01-`, `01T00:00`.
  std::uint64_t cached_date_ = 0;
  std::uint64_t cached_minute_ = 0;
  unsigned cached_day_ = 1;  ///< Of the month.
  std::int64_t cached_days_ = 0;
  std::int64_t cached_micros_ = 0;
  std::string problem_;
};

}  // namespace flow
