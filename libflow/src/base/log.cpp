#include "flow/base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>

namespace flow {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

// A line stays one line, and data in it cannot steer a terminal.
std::string without_control_characters(std::string_view line) {
  std::string out{line};
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

// Not registered anywhere: spdlog's registry would be process-wide state.
class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel level)
      : logger_{"flow", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()} {
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%fZ %^%l%$ %v", spdlog::pattern_time_type::utc));
    logger_.set_level(to_spdlog(level));
    logger_.set_error_handler([](const std::string&) {});  // a closed stderr ends no job
  }

  [[nodiscard]] bool enabled(LogLevel level) const override {
    return level != LogLevel::off && logger_.should_log(to_spdlog(level));
  }

  void write(LogLevel level, std::string_view line) override {
    if (!enabled(level)) return;
    const std::string clean = without_control_characters(line);
    logger_.log(to_spdlog(level), spdlog::string_view_t{clean.data(), clean.size()});
  }

 private:
  spdlog::logger logger_;
};

class NullLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}
};

}  // namespace

std::unique_ptr<Log> make_stderr_log(LogLevel level) { return std::make_unique<StderrLog>(level); }
std::unique_ptr<Log> make_null_log() { return std::make_unique<NullLog>(); }

}  // namespace flow
