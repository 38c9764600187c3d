#pragma once

#include "flow/connector/registry.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace flow::testing {

using OptionList = std::initializer_list<std::pair<std::string, std::string>>;

/// A registry with the connectors that `registers` add: `file::register_in`.
template <class... Registers>
ConnectorRegistry registry_of(Registers... registers) {
  ConnectorRegistry registry;
  (registers(registry), ...);
  return registry;
}

inline Options options_of(OptionList list) {
  Options options;
  for (const auto& [name, value] : list) options.set(name, {value, false, {}, {}});
  return options;
}

inline Result<std::shared_ptr<const Source>> make_source(const ConnectorRegistry& registry,
                                                         const std::string& name, SchemaPtr schema,
                                                         OptionList options,
                                                         OnError on_error = OnError::fail) {
  SourceRequest request{"flights", std::move(schema), {}, on_error, options_of(options)};
  const auto* entry = registry.find(name);
  REQUIRE(entry != nullptr);
  auto source = entry->make_source(request);
  if (source) REQUIRE(request.options.names().empty());
  return source;
}

inline Result<std::shared_ptr<const Sink>> make_sink(const ConnectorRegistry& registry,
                                                     const std::string& name, SchemaPtr schema,
                                                     OptionList options) {
  SinkRequest request{"delays", std::move(schema), false, options_of(options)};
  const auto* entry = registry.find(name);
  REQUIRE(entry != nullptr);
  auto sink = entry->make_sink(request);
  if (sink) REQUIRE(request.options.names().empty());
  return sink;
}

}  // namespace flow::testing
