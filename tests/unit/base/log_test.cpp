#include "flow/base/log.hpp"

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

#include <unistd.h>

namespace flow {
namespace {

TEST_CASE("a log writes one safe line per call from its level up", "[unit][log]") {
  const testing::TempDir dir;
  const auto file = dir.write("log", "");
  const int saved = ::dup(STDERR_FILENO);
  REQUIRE(::freopen(file.c_str(), "w", stderr) != nullptr);
  {
    const auto log = make_stderr_log(LogLevel::info);
    log->debug("not shown");
    log->info("started job=a\nforged line");
    log->error("failed");
  }
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  const std::string text = dir.read("log");
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK_THAT(text, testing::ContainsSubstring("Z info started job=a forged line\n"));
  CHECK_THAT(text, testing::EndsWith("Z error failed\n"));
}

TEST_CASE("a log says which levels it takes", "[unit][log]") {
  const auto log = make_stderr_log(LogLevel::warn);
  CHECK(log->enabled(LogLevel::error));
  CHECK(log->enabled(LogLevel::warn));
  CHECK_FALSE(log->enabled(LogLevel::info));
  CHECK_FALSE(log->enabled(LogLevel::off));
  CHECK_FALSE(make_null_log()->enabled(LogLevel::error));
}

}  // namespace
}  // namespace flow
