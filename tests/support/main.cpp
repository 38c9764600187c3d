// The main function of every test program. A run in which no test case matched fails.

#include "support/seed.hpp"

#include <iostream>

#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

namespace {

#if FLOW_CATCH2_MAJOR == 3
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

class SeedPrinter : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override { print(); }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (!stats.totals.assertions.allOk()) print();
  }

 private:
  static void print() { std::cerr << "FLOW_TEST_SEED=" << flow::testing::test_seed() << '\n'; }
};

CATCH_REGISTER_LISTENER(SeedPrinter)

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
#if FLOW_CATCH2_MAJOR == 2
  session.configData().warnings = static_cast<Catch::WarnAbout::What>(
      session.configData().warnings | Catch::WarnAbout::NoTests);
#endif
  if (const int wrong_arguments = session.applyCommandLine(argc, argv); wrong_arguments != 0) {
    return wrong_arguments;
  }
  return session.run();
}
