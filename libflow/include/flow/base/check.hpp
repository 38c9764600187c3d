#pragma once

#include <stdexcept>
#include <string>

namespace flow {

/// Thrown when an invariant of the engine does not hold: always our bug. Caught only by the fence
/// around each actor, which turns it into Errc::internal.
class InvariantViolation final : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_check(const char* condition, const char* file, int line,
                             const std::string& detail);

/// Checks an invariant, in every build type. The optional second argument is a std::string.
#define FLOW_CHECK(condition, ...)                                                  \
  do {                                                                              \
    if (!(condition)) [[unlikely]]                                                  \
      ::flow::fail_check(#condition, __FILE__, __LINE__, std::string{__VA_ARGS__}); \
  } while (false)

}  // namespace flow
