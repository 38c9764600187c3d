#pragma once

#include "flow/base/error.hpp"

namespace flow::command {

/// What the shell learns. Stable.
enum ExitCode : int {
  kDone = 0,
  kInterrupted = 1,    ///< Stopped cleanly on request.
  kUserError = 2,      ///< The input is wrong.
  kExternalError = 3,  ///< Something outside failed.
  kInternalError = 4,  ///< Our bug.
};

constexpr ExitCode exit_code_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::user:
      return kUserError;
    case Fault::external:
      return kExternalError;
    case Fault::internal:
      break;
  }
  return kInternalError;
}

}  // namespace flow::command
