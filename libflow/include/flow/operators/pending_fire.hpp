#pragma once

#include "flow/base/ids.hpp"

#include <cstdint>

namespace flow {

/// Key groups in which everything that is complete up to a time is still to be emitted: a watermark
/// that has come and whose fire is under way.
struct PendingFire {
  KeyGroupRange groups;
  std::int64_t limit = 0;
  bool operator==(const PendingFire&) const = default;
};

}  // namespace flow
