#pragma once

#include "flow/graph/logical_graph.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

enum class Direction : std::uint8_t { source, sink };

/// The connector of that name if it can be used in that direction; otherwise reports why not, with
/// the nearest name, and returns nullptr.
const ConnectorEntry* require_connector(const ConnectorRegistry& connectors, std::string_view name,
                                        Direction direction, const SourcePlace& place,
                                        std::vector<Error>& errors);

/// Makes a source; every mistake in its options is reported. Then it is a stand-in that has columns
/// only, or nullptr where those are not known. `place` is the node's.
std::shared_ptr<const Source> make_source(const ConnectorEntry& connector, SourceRequest request,
                                          const SourcePlace& place, std::vector<Error>& errors);

/// A source of which only the columns are known: nullptr if `schema` is.
std::shared_ptr<const Source> stand_in(SchemaPtr schema);

/// A sink that is made, and whose options are checked, when its schema is known.
SinkNode make_sink_node(const ConnectorEntry& connector, std::string node, Options options);

/// The place of the event-time column in `schema`; reports if there is none or it is no timestamp.
bool check_event_time(const Schema& schema, const std::string& column, const std::string& source,
                      const SourcePlace& place, std::vector<Error>& errors);

/// The event time was given wrongly: what uses it is checked as if some timestamp of the source
/// were meant.
void guess_time(SourceNode& source);

}  // namespace flow
