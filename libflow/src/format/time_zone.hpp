#pragma once

#include "flow/base/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace flow {

/// The offsets of a time zone from UTC: of the system's zone files, or fixed.
///
/// Thread: value.
class TimeZone {
 public:
  /// `Europe/Berlin`, `+02:00`, `UTC`. Errors: bad_format.
  static Result<std::shared_ptr<const TimeZone>> find(const std::string& name);
  /// Reads a zone file (TZif). Errors: bad_format.
  static Result<std::shared_ptr<const TimeZone>> parse(std::string_view bytes,
                                                       const std::string& name);

  /// What a wall clock of the zone shows at a time, minus that time; microseconds.
  [[nodiscard]] std::int64_t offset_at(std::int64_t utc) const noexcept;
  /// The time at which a wall clock of the zone shows `local`. Of two such times the earlier one;
  /// what a clock skips is read as if it had not been moved yet.
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const noexcept;

 private:
  /// The day and time of the year when the clocks are moved: `M3.5.0/2`.
  struct YearlyChange {
    int month = 0;
    int week = 0;  ///< 5 = last.
    int weekday = 0;
    std::int64_t seconds = 7200;
  };
  bool parse_rule(std::string_view rule);
  [[nodiscard]] std::int64_t offset_by_rule(std::int64_t utc) const noexcept;
  static std::int64_t change_in(std::int64_t year, const YearlyChange& change) noexcept;

  std::vector<std::int64_t> transitions_;  ///< Microseconds, ascending.
  std::vector<std::int64_t> offsets_;      ///< One more than transitions.
  // Behind the last transition: fixed, or standard and summer time by rule.
  bool has_rule_ = false;
  std::int64_t standard_ = 0;
  std::int64_t summer_ = 0;
  YearlyChange to_summer_;
  YearlyChange to_standard_;
};

}  // namespace flow
