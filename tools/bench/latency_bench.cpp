// How long after its end a window's results reach the sink, in a whole job at a steady pace.
//
//   latency_bench SECONDS [flags of flowctl run]
//
// 100,000 rows a second of 1,000 keys, due times as event times, key_by, tumbling 10 ms windows,
// exchange between the subtasks, a checkpoint every second. A result's latency is the wall clock in
// the sink's write() minus the end of its window, so the time until the first row behind the window
// is due counts as well. Results of the first second are left out: the job is still starting.
#include "flow/flow.hpp"
#include "flow/record/value.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace flow {
namespace {

constexpr std::int64_t kRowsPerSecond = 100'000;
constexpr std::int64_t kWarmUpMicros = 1'000'000;

/// Every result's latency.   Thread: thread-safe.
class Latencies {
 public:
  /// `ends`: the ends of the windows of one batch, which has just arrived.
  void add(std::span<const std::int64_t> ends, std::int64_t now) {
    const std::lock_guard lock{mutex_};
    if (first_ == 0) first_ = now;
    if (now - first_ < kWarmUpMicros) return;
    for (const auto end : ends) micros_.push_back(now - end);
    if (!ends.empty()) ++batches_;
  }
  void print() {
    const std::lock_guard lock{mutex_};
    if (micros_.empty()) {
      std::puts("no results: run for more than a second");
      return;
    }
    std::sort(micros_.begin(), micros_.end());
    const auto at = [&](double share) {
      const auto index = static_cast<std::size_t>(share * static_cast<double>(micros_.size()));
      return static_cast<double>(micros_[std::min(index, micros_.size() - 1)]) / 1000;
    };
    std::printf(
        "| results | batches | p50 ms | p90 | p99 | p99.9 | max "
        "|\n|---|---|---|---|---|---|---|\n");
    std::printf("| %zu | %zu | %.2f | %.2f | %.2f | %.2f | %.2f |\n", micros_.size(), batches_,
                at(0.5), at(0.9), at(0.99), at(0.999), at(1));
  }

 private:
  std::mutex mutex_;
  std::int64_t first_ = 0;
  std::size_t batches_ = 0;
  std::vector<std::int64_t> micros_;
};

class LatencyWriter final : public SinkWriter {
 public:
  LatencyWriter(const Clock& clock, std::shared_ptr<Latencies> latencies, std::size_t column)
      : clock_{clock}, latencies_{std::move(latencies)}, column_{column} {}

  Result<Written> write(const Batch& batch) override {
    const auto now = clock_.wall().micros;
    ends_.clear();
    const auto& column = batch.column(column_);
    batch.for_each_row([&](std::uint32_t row) {
      ends_.push_back(std::get<EventTime>(value_at(column, row)).micros);
    });
    latencies_->add(ends_, now);
    return Written{};
  }
  void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
    done(std::string{});
  }
  void commit(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }
  void recover(std::vector<Committable>, std::function<void(Status)> done) override { done({}); }

 private:
  const Clock& clock_;
  std::shared_ptr<Latencies> latencies_;
  std::size_t column_;
  std::vector<std::int64_t> ends_;
};

class LatencySink final : public Sink {
 public:
  explicit LatencySink(std::shared_ptr<Latencies> latencies) : latencies_{std::move(latencies)} {}
  Status accept(const Schema&, bool) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr schema) const override {
    return std::unique_ptr<SinkWriter>{std::make_unique<LatencyWriter>(
        context.clock, latencies_, *schema->index_of("window_end"))};
  }
  [[nodiscard]] bool exactly_once() const override { return false; }

 private:
  std::shared_ptr<Latencies> latencies_;
};

}  // namespace
}  // namespace flow

int main(int argc, char** argv) {
  using namespace flow;
  const long seconds = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (seconds <= 0) {
    std::fputs("usage: latency_bench SECONDS [flags of flowctl run]\n", stderr);
    return 2;
  }
  // Their own arguments for the runner, without SECONDS.
  argv[1] = argv[0];

  const auto directory =
      std::filesystem::temp_directory_path() / ("flow-latency-" + std::to_string(::getpid()));
  const auto latencies = std::make_shared<Latencies>();
  Environment env{"latency"};
  env.checkpoints(directory.string(), Micros{1'000'000});
  env.from("numbers", Connector{"sequence"}
                          .with("count", std::to_string(seconds * kRowsPerSecond))
                          .with("rate", std::to_string(kRowsPerSecond))
                          .with("columns.k.modulo", "1000")
                          .with("columns.at.kind", "clock"))
      .schema({{"k", int64}, {"at", timestamp}})
      .event_time("at", 0s)
      .key_by("k")
      .window(tumbling(10ms))
      .aggregate({{"rows", count()}, {"total", sum("k")}})
      .to("out", std::make_shared<const LatencySink>(latencies));
  const int code = env.main(argc - 1, argv + 1);
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  if (code == 0) latencies->print();
  return code;
}
