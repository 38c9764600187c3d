#pragma once

#include "flow/connector/registry.hpp"

#include <memory>

namespace flow::testing {

/// Connectors for tests of plans: `rows` is a source with the declared schema and the option
/// `count`, `seen` a sink with the option `limit` that takes one subtask if `single: true` and
/// claims what `claim` says. Neither can be opened.
ConnectorRegistry fake_connectors();

/// The `rows` source: bounded, delivers fewer columns when asked.
std::shared_ptr<const Source> fake_source(SchemaPtr schema);

}  // namespace flow::testing
