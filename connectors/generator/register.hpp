#pragma once

#include "flow/connector/registry.hpp"

namespace flow::generator {

/// Adds the sources `sequence` and `datagen`.
void register_in(ConnectorRegistry& registry);

}  // namespace flow::generator
