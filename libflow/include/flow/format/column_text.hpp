#pragma once

#include <string>

namespace flow {

/// How a column's values are spelled in text, where it is not the default spelling.
struct ColumnText {
  std::string format;  ///< strptime-like; empty = ISO 8601.
  std::string zone;    ///< IANA name or `+02:00`; empty = UTC.
  std::string unit;    ///< s | ms | us | ns for integers; empty = none given.
  bool operator==(const ColumnText&) const = default;
};

}  // namespace flow
