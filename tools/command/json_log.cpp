#include "json_log.hpp"

#include "json_text.hpp"

#include "flow/base/clock.hpp"

#include <cstdio>

namespace flow::command {
namespace {

class JsonLog final : public Log {
 public:
  explicit JsonLog(LogLevel level) : level_{level} {}

  [[nodiscard]] bool enabled(LogLevel level) const override {
    return level != LogLevel::off && level >= level_;
  }
  void write(LogLevel level, std::string_view line) override {
    if (!enabled(level)) return;
    // One call: lines of several threads do not mix.
    const auto text = json_line(level, clock_.wall(), line);
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

 private:
  LogLevel level_;
  SystemClock clock_;
};

}  // namespace

std::unique_ptr<Log> make_json_log(LogLevel level) { return std::make_unique<JsonLog>(level); }

}  // namespace flow::command
