#pragma once

#include "chain_operators.hpp"

#include "flow/operators/chain.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/operators/memory_snapshot.hpp"
#include "support/operators/recorded_output.hpp"

#include <memory>

namespace flow::testing {

/// What every chain of a test stands on.
struct ChainWorld {
  PoolHandle pool = SlabPool::make();
  ManualClock clock;
  std::unique_ptr<Log> log = make_null_log();

  [[nodiscard]] OperatorContext context(std::string name, std::uint32_t subtask = 0,
                                        std::uint32_t parallelism = 1) {
    return {std::move(name),
            {subtask},
            parallelism,
            kDefaultKeyGroups,
            key_groups_of({subtask}, parallelism, kDefaultKeyGroups),
            *pool,
            clock,
            *log};
  }
  std::unique_ptr<Chain> open(std::vector<ChainLink> links, std::vector<ChainEntry> entries,
                              ChainOutput& output, std::uint32_t subtask = 0,
                              std::uint32_t parallelism = 1) {
    std::vector<OperatorContext> contexts;
    for (const auto& link : links) contexts.push_back(context(link.name, subtask, parallelism));
    auto chain = Chain::open(std::move(links), std::move(entries), std::move(contexts), output);
    REQUIRE(chain);
    return *std::move(chain);
  }
  Batch rows(const std::vector<IdRow>& rows) { return id_batch(rows, *pool); }
};

inline ChainTarget inside(std::uint32_t op, std::uint32_t input = 0) { return {true, op, input}; }
inline ChainTarget outside(std::uint32_t edge) { return {false, edge, 0}; }

template <class Op, class... Arguments>
ChainLink link(std::string name, std::vector<std::vector<ChainTarget>> ports,
               Arguments... arguments) {
  return {std::move(name), std::make_unique<Op>(arguments...), 1, std::move(ports)};
}

/// Steps until nothing moves.
inline Chain::State run(Chain& chain) {
  for (;;) {
    auto state = chain.step(std::chrono::milliseconds{1});
    REQUIRE(state);
    if (*state != Chain::State::busy) return *state;
  }
}

/// A snapshot of every operator of a chain.
struct ChainSnapshot {
  std::vector<MemorySnapshot> parts;

  static ChainSnapshot take(Chain& chain, std::size_t operators, Epoch epoch = {1}) {
    ChainSnapshot taken;
    taken.parts.resize(operators);
    REQUIRE(chain.begin_snapshot(epoch, taken.sinks()));
    for (;;) {
      const auto progress = chain.copy_out(taken.sinks(), 1_KiB);
      REQUIRE(progress);
      if (*progress == Progress::done) return taken;
    }
  }
  [[nodiscard]] std::vector<SnapshotSink*> sinks() {
    std::vector<SnapshotSink*> all;
    for (auto& part : parts) all.push_back(&part);
    return all;
  }
  static Status restore(Chain& chain, const std::vector<ChainSnapshot>& snapshots) {
    std::vector<MemorySnapshotSource> sources;
    std::vector<SnapshotSource*> pointers;
    for (std::size_t i = 0; i < snapshots.front().parts.size(); ++i) {
      std::vector<const MemorySnapshot*> parts;
      for (const auto& snapshot : snapshots) parts.push_back(&snapshot.parts[i]);
      sources.emplace_back(std::move(parts));
    }
    for (auto& source : sources) pointers.push_back(&source);
    return chain.restore(pointers);
  }
};

}  // namespace flow::testing
