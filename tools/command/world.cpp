#include "world.hpp"

#include "connectors/file/register.hpp"
#include "connectors/generator/register.hpp"
#include "connectors/print/register.hpp"

#include <array>
#include <cstdlib>

namespace flow::command {
namespace {

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): startup, one thread
  return value == nullptr ? otherwise : value;
}

Result<LogLevel> log_level(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 6> kLevels{
      {{"trace", LogLevel::trace},
       {"debug", LogLevel::debug},
       {"info", LogLevel::info},
       {"warn", LogLevel::warn},
       {"error", LogLevel::error},
       {"off", LogLevel::off}}};
  for (const auto& [text, level] : kLevels)
    if (text == name) return level;
  return Error{Errc::bad_argument,
               "FLOW_LOG must be trace, debug, info, warn, error or off, not '" + name + "'"};
}

}  // namespace

Result<std::unique_ptr<World>> make_world() {
  auto world = std::make_unique<World>();
  FLOW_ASSIGN(world->log_level, log_level(environment("FLOW_LOG", "warn")));
  world->log = make_stderr_log(world->log_level);
  world->files = make_posix_file_system();
  const auto points = environment("FLOW_FAILURE_POINTS", "");
  if (points.empty()) {
    world->failure_points = make_no_failure_points();
  } else {
    FLOW_ASSIGN(world->failure_points, parse_failure_points(points));
  }
  file::register_in(world->connectors);
  generator::register_in(world->connectors);
  print::register_in(world->connectors);
  return world;
}

}  // namespace flow::command
