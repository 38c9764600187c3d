#pragma once

#include "flow/api/stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::api {

/// A source or sink as declared; a connector is made when a registry is there.
struct DraftSource {
  std::variant<Connector, std::shared_ptr<const Source>> from;
  std::vector<Field> fields;
  std::optional<WatermarkSpec> watermark;
  OnError on_error = OnError::fail;
};
struct DraftSink {
  std::variant<Connector, std::shared_ptr<const Sink>> to;
};
struct DraftInput {
  std::size_t node = 0;
  std::uint32_t port = 0;
};
struct DraftNode {
  std::string name;
  SourcePlace place;
  std::variant<OperatorSpec, DraftSource, DraftSink> what;
  std::vector<DraftInput> inputs;
  std::map<std::uint32_t, std::string> side_outputs;
  std::optional<std::uint32_t> parallelism;
};

struct Draft {
  std::string job;
  std::vector<DraftNode> nodes;
  std::optional<DraftNode> dead_letters;  ///< A sink.
  PlanOptions options;
  std::optional<std::uint32_t> parallelism;
};

SourcePlace place_of(const std::source_location& where);

}  // namespace flow::api
