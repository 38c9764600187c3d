// What operators write into snapshots must not change unnoticed. Each operator is fed until a call
// of it is interrupted, so that what is under way is written too. The files are text, for readable
// differences: FLOW_GOLDEN_UPDATE=1 writes them anew after a change on purpose.
#include "support/golden.hpp"

#include "harness.hpp"
#include "subject.hpp"

#include "support/catch.hpp"
#include "support/operators/memory_snapshot.hpp"

#include <cctype>

namespace flow::testing {
namespace {

/// Of the first interrupted call behind a third of the script; of an operator that is never
/// interrupted, the first behind it with anything in it.
std::string text_of_snapshot(const OperatorCase& subject) {
  Random random{1};
  const auto script = subject.script(random, true);
  const auto feed = [&](bool metered) -> std::string {
    MeteredCollector out;
    out.set_metered(metered);
    Subject op{subject, 0, 1};
    for (std::size_t i = 0; i + 1 < script.size(); ++i) {
      op.begin(script[i], out);
      if (metered && op.state().interrupted && i >= script.size() / 3)
        return to_text(op.snapshot());
      op.finish(out);
      if (metered || i < script.size() / 3) continue;
      if (auto text = to_text(op.snapshot()); !text.empty()) return text;
    }
    return {};
  };
  auto text = feed(true);
  return text.empty() ? feed(false) : text;
}

std::string file_of(std::string name) {
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  return "operators/" + name + ".txt";
}

}  // namespace

TEST_CASE("what operators write into snapshots does not change unnoticed",
          "[contract][operators][golden]") {
  for (const auto& subject : operator_cases())
    expect_golden(file_of(subject.name), text_of_snapshot(subject));
}

}  // namespace flow::testing
