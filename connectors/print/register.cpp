#include "register.hpp"

#include "print_sink.hpp"

#include "flow/connector/format_options.hpp"

namespace flow::print {

void register_in(ConnectorRegistry& registry, const std::shared_ptr<TextOutput>& output) {
  auto options = format_options(false);
  options.front().default_value = "ndjson";
  registry.add({"print",
                "Writes rows to standard output.",
                "sink: at least once",
                {},
                std::move(options),
                {},
                [output](SinkRequest& request) -> Result<std::shared_ptr<const Sink>> {
                  FLOW_ASSIGN(auto format, take_format(request.options, "rows.ndjson", false));
                  return std::shared_ptr<const Sink>{
                      std::make_shared<PrintSink>(request.node, std::move(format), output)};
                }});
  registry.add({"blackhole",
                "Drops rows; for measuring and for topologies whose side effects count.",
                "sink: exactly once, trivially",
                {},
                {},
                {},
                [](SinkRequest&) -> Result<std::shared_ptr<const Sink>> {
                  return std::shared_ptr<const Sink>{std::make_shared<BlackholeSink>()};
                }});
}

}  // namespace flow::print
