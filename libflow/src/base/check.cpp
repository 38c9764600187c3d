#include "flow/base/check.hpp"

namespace flow {

void fail_check(const char* condition, const char* file, int line, const std::string& detail) {
  std::string text = std::string{"invariant violated: "} + condition + " (" + file + ":" +
                     std::to_string(line) + ")";
  if (!detail.empty()) text += ": " + detail;
  throw InvariantViolation{text};
}

}  // namespace flow
