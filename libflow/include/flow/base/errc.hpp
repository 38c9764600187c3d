#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace flow {

/// Says who has to act on an error.
enum class Fault : std::uint8_t {
  user,      ///< The topology, expression, data or command line is wrong. Exit code 2.
  external,  ///< Something outside failed: a disk, a broker, a file. Exit code 3.
  internal,  ///< Our bug. Exit code 4.
};

/// Says whether doing the same again can help; set at the origin, obeyed by the SUPERVISOR.
enum class Retry : std::uint8_t {
  never,    ///< Deterministic: the same input fails again.
  restart,  ///< A fresh attempt may succeed at once.
  backoff,  ///< The outside world needs time.
};

/// Stable error codes: the enumerator's value is the number a user sees (`E1104`).
///
/// Ranges: 10xx base and I/O · 11xx expressions · 12xx configuration and graph · 13xx records and
/// formats · 14xx state · 15xx checkpoints and snapshots · 16xx operators · 20xx runtime ·
/// 30xx connectors (302x file) · 40xx command line. A code is never reused for another meaning.
enum class Errc : std::uint16_t {
#define FLOW_ERROR(number, name, fault, retry, title, detail) name = number,
#include "flow/base/errors/all.def"
#undef FLOW_ERROR
};

/// One row of the error catalogue.
struct ErrorEntry {
  Errc code;
  std::string_view name;  ///< The enumerator: metric label, used by tests.
  Fault fault;
  Retry retry;
  std::string_view title;  ///< One line, lower case.
  std::string_view
      detail;  ///< Long form for `flowctl explain`: what it means, usual causes, remedy.
};

/// Returns the catalogue, sorted by number. Thread: value.
std::span<const ErrorEntry> error_catalogue();

/// Returns the entry of `code`; every enumerator has one.
const ErrorEntry& describe(Errc code);

/// Finds an entry by what a user types: `E1104`, `1104` or `unknown_column`; nullptr if none.
const ErrorEntry* find_error(std::string_view text);

}  // namespace flow
