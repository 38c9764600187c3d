// What operators write into snapshots must not change unnoticed. Each operator is fed until a call
// of it is interrupted, so that what is under way is written too. The files are text, for readable
// differences: FLOW_GOLDEN_UPDATE=1 writes them anew after a change on purpose. If snapshots of the
// old format are to be read on, keep its file as NAME.v1.txt (v2, …): it is restored as well.
#include "support/golden.hpp"

#include "harness.hpp"
#include "subject.hpp"

#include "support/catch.hpp"
#include "support/operators/memory_snapshot.hpp"

#include <cctype>
#include <filesystem>
#include <optional>

namespace flow::testing {
namespace {

struct Taken {
  MemorySnapshot snapshot;
  CallState state;
  std::size_t next_step = 0;
  Emissions before;
  Emissions all;  ///< Of a run that goes on as if nothing had been taken.
};

/// Of the first interrupted call behind a third of the script; of an operator that is never
/// interrupted, the first behind it with anything in it.
std::optional<Taken> take_snapshot(const OperatorCase& subject, const Script& script,
                                   bool metered) {
  std::optional<Taken> taken;
  MeteredCollector out;
  out.set_metered(metered);
  Subject op{subject, 0, 1};
  const auto take = [&](std::size_t next_step) {
    if (taken || next_step <= script.size() / 3 || next_step == script.size()) return;
    if (metered && !op.state().interrupted) return;
    auto snapshot = op.snapshot();
    if (!metered && to_text(snapshot).empty()) return;
    taken = Taken{std::move(snapshot), op.state(), next_step, out.emissions, {}};
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    op.begin(script[i], out);
    if (metered) take(i + 1);
    op.finish(out);
    if (!metered) take(i + 1);
  }
  op.end(out);
  op.finish(out);
  if (taken) taken->all = std::move(out.emissions);
  return taken;
}

/// The snapshot as the golden file has it goes on like the run that it was taken of. Where the file
/// leaves entries out, they are those of now.
void expect_restored(const OperatorCase& subject, const Script& script, const Taken& taken,
                     MemorySnapshot snapshot) {
  for (const auto& [state, entries] : taken.snapshot.entries)
    snapshot.entries[state].insert(entries.begin(), entries.end());
  MeteredCollector out;
  out.emissions = taken.before;
  Subject op{subject, 0, 1};
  op.restore({&snapshot}, taken.state);
  op.finish(out);
  for (auto i = taken.next_step; i < script.size(); ++i) {
    op.begin(script[i], out);
    op.finish(out);
  }
  op.end(out);
  op.finish(out);
  INFO(subject.name << ": restored from its golden file");
  CHECK(meaning_of(subject, out.emissions) == meaning_of(subject, taken.all));
}

std::string file_of(std::string name, const std::string& version = "") {
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  return "operators/" + name + version + ".txt";
}

}  // namespace

TEST_CASE("what operators write into snapshots does not change unnoticed, and is read",
          "[contract][operators][golden]") {
  for (const auto& subject : operator_cases()) {
    Random random{1};
    const auto script = subject.script(random, true);
    auto taken = take_snapshot(subject, script, true);
    if (!taken) taken = take_snapshot(subject, script, false);
    const auto file = file_of(subject.name);
    expect_golden(file, taken ? to_text(taken->snapshot) : std::string{});
    if (!taken) continue;
    expect_restored(subject, script, *taken, snapshot_of(golden(file)));
    for (int version = 1;; ++version) {
      const auto old = file_of(subject.name, ".v" + std::to_string(version));
      if (!std::filesystem::exists("tests/golden/" + old)) break;
      INFO(old);
      expect_restored(subject, script, *taken, snapshot_of(golden(old)));
    }
  }
}

}  // namespace flow::testing
