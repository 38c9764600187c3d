#pragma once

#include "flow/connector/options.hpp"
#include "flow/connector/sink.hpp"
#include "flow/connector/source.hpp"
#include "flow/format/column_text.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace flow {

enum class OnError : std::uint8_t { fail, skip, dead_letter };

/// What the topology says about a source besides its connector's options. Columns whose text needs
/// explaining (`type: timestamp, format: …, zone: …, unit: ms`) are described per column.
struct SourceRequest {
  std::string node;
  SchemaPtr schema;              ///< Null if the connector has a schema of its own.
  std::vector<ColumnText> text;  ///< One per schema column, or empty.
  OnError on_error = OnError::fail;
  Options options;
};
struct SinkRequest {
  std::string node;
  SchemaPtr schema;
  bool changelog = false;
  Options options;
};

/// One connector: what it is called, what it takes, how it is made.
struct ConnectorEntry {
  std::string name;
  std::string summary;    ///< One line.
  std::string guarantee;  ///< e.g. `source: exact positions; sink: exactly once`.
  std::vector<OptionEntry> source_options;
  std::vector<OptionEntry> sink_options;
  /// Null if it cannot be a source / a sink. Takes every option it knows out of the request.
  std::function<Result<std::shared_ptr<const Source>>(SourceRequest&)> make_source;
  std::function<Result<std::shared_ptr<const Sink>>(SinkRequest&)> make_sink;
};

/// The connectors of this program, filled by explicit calls in main(); no static registration.
///
/// Thread: startup, then value.
class ConnectorRegistry {
 public:
  void add(ConnectorEntry entry);
  [[nodiscard]] const ConnectorEntry* find(std::string_view name) const;
  [[nodiscard]] std::vector<const ConnectorEntry*> all() const;  ///< Sorted by name.

 private:
  std::map<std::string, ConnectorEntry, std::less<>> entries_;
};

}  // namespace flow
