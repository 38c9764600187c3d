#include "killed_job.hpp"

#include "flow/base/random.hpp"
#include "support/seed.hpp"

#include <csignal>
#include <cstdlib>

namespace flow::testing {
namespace {

using std::chrono::milliseconds;

}  // namespace

int kills() {
  const char* text = std::getenv("FLOW_KILLS");  // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr ? 8 : std::atoi(text);
}

void kill_at_random(const KilledJob& job, const std::vector<std::string>& expected,
                    const std::function<std::vector<std::string>(const std::string& run)>& result) {
  Random random{test_seed()};
  int done = 0;
  for (int run = 0; done < kills(); ++run) {
    const auto name = "run" + std::to_string(run);
    INFO("seed " << test_seed() << ", " << name);
    // Several kills in a row on one run, then to its end.
    const int in_a_row = 1 + static_cast<int>(random.below(4));
    for (int i = 0; i < in_a_row && done < kills(); ++i) {
      Process process{job.command(name)};
      if (process.wait_for(milliseconds{random.between(1, 1500)})) break;  // it was faster
      process.signal(SIGKILL);
      REQUIRE(process.wait_for(milliseconds{10'000}));
      ++done;
    }
    job.finish(name);
    // Whole vectors would be printed.
    CHECK((result(name) == expected));
  }
}

}  // namespace flow::testing
