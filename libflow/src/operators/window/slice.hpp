#pragma once

#include "flow/state/keyed_table.hpp"

#include <cstdint>
#include <map>
#include <memory>

namespace flow {

/// The accumulators of all keys in one slice of event time.
struct Slice {
  Slice(std::int64_t start_, const TableOptions& options, const SnapshotClock& clock,
        BlockPool& pool)
      : start{start_}, table{options, clock, pool} {}
  std::int64_t start;
  KeyedTable table;
  /// SnapshotClock::epoch when all its windows had fired: later snapshots do not need it.
  std::uint32_t retired_in = 0;
};
using SliceMap = std::map<std::int64_t, std::unique_ptr<Slice>>;

}  // namespace flow
