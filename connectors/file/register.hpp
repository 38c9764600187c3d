#pragma once

#include "flow/connector/registry.hpp"

namespace flow::file {

/// Adds the connector `file`.
void register_in(ConnectorRegistry& registry);

}  // namespace flow::file
