#pragma once

#include "text_output.hpp"

#include "flow/connector/registry.hpp"

#include <memory>

namespace flow::print {

/// Adds the sinks `print` and `blackhole`. What print writes goes to `output`, by default standard
/// output.
void register_in(ConnectorRegistry& registry,
                 const std::shared_ptr<TextOutput>& output = make_descriptor_output(1));

}  // namespace flow::print
