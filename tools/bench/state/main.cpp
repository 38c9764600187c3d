// Which form should snapshots have? Compares files of what changed with RocksDB's checkpoints, on a
// state of one subtask that is updated in real time, a checkpoint each second.
//
//   snapshot_forms delta|rocksdb DIRECTORY [NAME=VALUE…]
#include "snapshot_form.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

namespace flow::bench {
namespace {

namespace fs = std::filesystem;

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Numbers by name, with defaults; ends the program at a name that nobody asks for.
class Settings {
 public:
  explicit Settings(const std::vector<std::string>& words) {
    for (const auto& word : words) {
      const auto equals = word.find('=');
      given_[word.substr(0, equals)] =
          equals == std::string::npos ? 1.0 : std::stod(word.substr(equals + 1));
    }
  }
  double take(const std::string& name, double otherwise) {
    const auto at = given_.find(name);
    if (at == given_.end()) return otherwise;
    const double value = at->second;
    given_.erase(at);
    return value;
  }
  [[nodiscard]] bool all_taken() const { return given_.empty(); }

 private:
  std::map<std::string, double> given_;
};

constexpr double kMb = 1e6;

int run(const std::string& form_name, const fs::path& directory, Settings settings) {
  WorkloadPlan work;
  work.keys = static_cast<std::uint64_t>(settings.take("keys", 2e6));
  work.value_bytes = static_cast<std::uint32_t>(settings.take("value", 100));
  work.changed_per_second = settings.take("changed", 0.05);
  work.zipf = settings.take("zipf", 0);
  work.deletes = settings.take("deletes", 0.02);
  work.ttl_seconds = static_cast<std::uint32_t>(settings.take("ttl", 0));
  const auto seconds = static_cast<std::uint32_t>(settings.take("seconds", 1'800));
  FormPlan plan;
  plan.value_bytes = work.value_bytes;
  plan.slack = settings.take("slack", plan.slack);
  plan.parts = static_cast<std::uint32_t>(settings.take("parts", plan.parts));
  plan.most_deltas = static_cast<std::uint32_t>(settings.take("most_deltas", plan.most_deltas));
  plan.cold_cache = settings.take("cold_cache", 0) != 0;
  plan.universal = settings.take("universal", 0) != 0;
  const bool known = form_name == "delta" || form_name == "rocksdb";
  if (!known || !settings.all_taken()) {
    std::fprintf(
        stderr, "usage: snapshot_forms delta|rocksdb DIRECTORY [NAME=VALUE…]; see docs/state.md\n");
    return 2;
  }
  plan.local = directory / "local";
  plan.store = directory / "store";
  fs::remove_all(plan.local);
  fs::remove_all(plan.store);
  fs::create_directories(plan.local);
  fs::create_directories(plan.store);

  Workload workload{work};
  const auto form = form_name == "delta" ? make_delta_form(plan) : make_rocksdb_form(plan);
  form->checkpoint(workload.load(), workload.live() * workload.entry_bytes());
  const auto loaded = form->figures();
  std::uint64_t changed = 0;
  std::vector<double> durations;
  std::uint32_t late = 0;
  const auto processor = processor_seconds();
  const auto start = now_seconds();
  for (std::uint32_t second = 1; second <= seconds; ++second) {
    workload.step();
    const auto changes = workload.barrier();
    changed += changes.size() * workload.entry_bytes();
    const auto due = start + second;
    const auto begin = now_seconds();
    if (begin < due)
      std::this_thread::sleep_for(std::chrono::duration<double>(due - begin));
    else
      ++late;
    const auto barrier = now_seconds();
    form->checkpoint(changes, workload.live() * workload.entry_bytes());
    durations.push_back(now_seconds() - barrier);
    if (second % 60 == 0) {
      const auto figures = form->figures();
      std::fprintf(
          stderr, "%5u s: uploaded %.2f x changed, in store %.2f x live, level 0: %llu\n", second,
          static_cast<double>(figures.uploaded - loaded.uploaded) / static_cast<double>(changed),
          static_cast<double>(figures.in_store) /
              static_cast<double>(workload.live() * workload.entry_bytes()),
          static_cast<unsigned long long>(figures.level0_files));
    }
  }
  const auto busy = processor_seconds() - processor;
  const auto figures = form->figures();
  const auto uploaded = static_cast<double>(figures.uploaded - loaded.uploaded);
  const auto live = static_cast<double>(workload.live() * workload.entry_bytes());
  std::printf("%s: %llu keys of %llu bytes, %.1f MB live at the end, %u s, %.1f MB changed\n",
              form_name.c_str(), static_cast<unsigned long long>(work.keys),
              static_cast<unsigned long long>(workload.entry_bytes()), live / kMb, seconds,
              static_cast<double>(changed) / kMb);
  std::printf("uploaded %.1f MB = %.2f x changed; written locally besides %.2f x\n", uploaded / kMb,
              uploaded / static_cast<double>(changed),
              static_cast<double>(figures.written - loaded.written) / static_cast<double>(changed));
  std::printf("in store %.2f x live in %llu files; a key is in one of at most %llu\n",
              static_cast<double>(figures.in_store) / live,
              static_cast<unsigned long long>(figures.files),
              static_cast<unsigned long long>(figures.runs_per_key));
  std::printf("checkpoint p50 %.0f ms, p99 %.0f ms, longest %.0f ms; %u of %u began late\n",
              percentile(durations, 0.5) * 1e3, percentile(durations, 0.99) * 1e3,
              percentile(durations, 1) * 1e3, late, seconds);
  std::printf("processor %.3f s per MB changed; stalled %.1f s; level 0 had up to %llu files\n",
              busy / (static_cast<double>(changed) / kMb), figures.stalled,
              static_cast<unsigned long long>(figures.level0_files));
  const auto moved = form->move({kGroups / 4, kGroups / 2 - 1}, workload.versions());
  std::printf(
      "a quarter of the groups left in %.3f s, came back in %.3f s: %llu entries, %llu wrong\n",
      moved.leave, moved.come_back, static_cast<unsigned long long>(moved.entries),
      static_cast<unsigned long long>(moved.wrong));
  const auto restored = form->restore(workload.versions());
  std::printf("restore: 1,000 keys read after %.3f s, all after %.3f s: %llu entries, %llu wrong\n",
              restored.first_reads, restored.whole,
              static_cast<unsigned long long>(restored.entries),
              static_cast<unsigned long long>(restored.wrong));
  return moved.wrong + restored.wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace flow::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + std::min(argc, 3), argv + argc};
  return flow::bench::run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : ".",
                          flow::bench::Settings{words});
}
