#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace flow {

enum class LogLevel : unsigned char { trace, debug, info, warn, error, off };

/// Where log lines go. One line, `message key=value …`; levels: error = a human must act, warn = we
/// recovered, info = lifecycle, debug = protocol, trace = data.
///
/// Owner: whoever builds the runtime; handed down by reference.   Thread: thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view line) = 0;

  void debug(std::string_view line) { write(LogLevel::debug, line); }
  void info(std::string_view line) { write(LogLevel::info, line); }
  void warn(std::string_view line) { write(LogLevel::warn, line); }
  void error(std::string_view line) { write(LogLevel::error, line); }
};

/// Writes to stderr through spdlog.
std::unique_ptr<Log> make_stderr_log(LogLevel level);
/// Drops everything.
std::unique_ptr<Log> make_null_log();

}  // namespace flow
