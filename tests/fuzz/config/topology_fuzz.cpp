#include "flow/config/topology.hpp"
#include "support/fake_connectors.hpp"

#include <cstddef>
#include <cstdint>

/// Any text: read, validated and planned, or refused with errors; never a crash, never without end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flow;
  const auto files = make_posix_file_system();
  static const auto connectors = testing::fake_connectors();
  const std::string text{reinterpret_cast<const char*>(data), size};
  // Secrets would read the files of the machine.
  if (text.find("!secret") != std::string::npos) return 0;
  auto loaded = load_topology({{"fuzz.yaml", text}}, connectors, {}, *files);
  for (const auto& error : loaded.errors) (void)render(error, text);
  auto validation = validate(loaded.topology.graph);
  for (const auto& error : validation.errors) (void)render(error, text);
  if (loaded.errors.empty() && validation.graph) (void)plan(*validation.graph, PlanOptions{});
  return 0;
}
