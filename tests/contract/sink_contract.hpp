#pragma once

#include "contract/connector_world.hpp"

#include "flow/connector/sink.hpp"
#include "support/catch.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// Drives the writers of a sink as the runtime does, for a script of epochs, and keeps what a
/// manifest would.
///
/// Rows of epoch e are batches[e − 1], dealt out to the writers in turn. run() goes on from the
/// last manifest until every epoch is committed or something fails.
///
/// Owner: the test.   Thread: actor-confined.
class SinkRun {
 public:
  SinkRun(SchemaPtr schema, std::vector<std::vector<Batch>> batches, std::uint32_t writers)
      : schema_{std::move(schema)}, batches_{std::move(batches)}, count_{writers} {}

  /// One attempt. `world` lives as long as the attempt; what it leaves is what a crash leaves.
  Status attempt(const Sink& sink, ConnectorWorld& world, FileSystem& files, std::uint32_t number) {
    FLOW_TRY(sink.check_outside(files, world.job, !manifest_.has_value()));
    const Leaving leaving{sink};
    std::vector<std::unique_ptr<SinkWriter>> writers;
    for (std::uint32_t i = 0; i < count_; ++i) {
      FLOW_ASSIGN(auto writer, sink.open(world.context(i, number), schema_));
      writers.push_back(std::move(writer));
    }
    std::uint64_t done_epoch = 0;
    const auto committed = manifest_ ? manifest_->committables : std::vector<Committable>{};
    for (auto& writer : writers)
      FLOW_TRY(wait(world, [&](auto done) { writer->recover(committed, done); }));
    if (manifest_) done_epoch = manifest_->epoch;
    for (auto epoch = done_epoch + 1; epoch <= batches_.size(); ++epoch) {
      for (std::size_t i = 0; i < batches_[epoch - 1].size(); ++i) {
        auto& writer = *writers[i % writers.size()];
        for (;;) {
          const auto wakes = world.wakes;
          FLOW_ASSIGN(const auto written, writer.write(batches_[epoch - 1][i]));
          if (written.accepted) break;
          while (world.wakes == wakes) REQUIRE(world.io.step());
        }
      }
      Manifest next{epoch, {}};
      for (std::uint32_t i = 0; i < writers.size(); ++i) {
        std::optional<Result<std::string>> prepared;
        writers[i]->prepare(
            {epoch}, [&](Result<std::string> result) { prepared.emplace(std::move(result)); });
        while (!prepared) REQUIRE(world.io.step());
        if (!*prepared) return std::move(*prepared).error();
        if (!(*prepared)->empty()) next.committables.push_back({{epoch}, {i}, **prepared});
      }
      manifest_ = std::move(next);
      // Any subtask may commit what any other one has prepared.
      for (std::size_t i = 0; i < manifest_->committables.size(); ++i) {
        auto& writer = *writers[(i + epoch) % writers.size()];
        FLOW_TRY(
            wait(world, [&](auto done) { writer.commit({manifest_->committables[i]}, done); }));
      }
    }
    return sink.finish(files, world.job, world.lineage);
  }
  [[nodiscard]] std::uint64_t last_epoch() const { return manifest_ ? manifest_->epoch : 0; }

 private:
  /// As the runtime does when a run is over.
  struct Leaving {
    explicit Leaving(const Sink& of) : sink{of} {}
    ~Leaving() { sink.leave_outside(); }
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
    const Sink& sink;
  };
  struct Manifest {
    std::uint64_t epoch = 0;
    std::vector<Committable> committables;
  };
  template <class Call>
  static Status wait(ConnectorWorld& world, Call&& call) {
    std::optional<Status> outcome;
    call([&](Status status) { outcome.emplace(std::move(status)); });
    while (!outcome) REQUIRE(world.io.step());
    return *outcome;
  }

  SchemaPtr schema_;
  std::vector<std::vector<Batch>> batches_;
  std::uint32_t count_;
  std::optional<Manifest> manifest_;
};

}  // namespace flow::testing
