#pragma once

/// The C++ interface of Flow in one include: `Environment`, streams, connectors and types.
/// Chrono literals (`5min`, `1h`) come with it.

#include "flow/api/environment.hpp"

#include <chrono>

namespace flow {
using namespace std::chrono_literals;
}  // namespace flow
