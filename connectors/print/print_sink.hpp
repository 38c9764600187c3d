#pragma once

#include "text_output.hpp"

#include "flow/connector/sink.hpp"
#include "flow/format/format.hpp"

namespace flow::print {

/// Writes rows as text, at once: not exactly once after a failure.
///
/// A changelog's rows begin with their kind: `+I`, `-U`, `+U`, `-D`.
class PrintSink final : public Sink {
 public:
  PrintSink(std::string node, Format format, std::shared_ptr<TextOutput> output)
      : node_{std::move(node)}, format_{std::move(format)}, output_{std::move(output)} {}

  Status accept(const Schema& schema, bool changelog) const override;
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr schema) const override;
  [[nodiscard]] std::uint32_t max_parallelism() const override { return 1; }
  [[nodiscard]] bool exactly_once() const override { return false; }

 private:
  std::string node_;
  Format format_;
  std::shared_ptr<TextOutput> output_;
};

/// Counts rows and drops them.
class BlackholeSink final : public Sink {
 public:
  Status accept(const Schema&, bool) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr schema) const override;
  [[nodiscard]] bool exactly_once() const override { return true; }
};

}  // namespace flow::print
