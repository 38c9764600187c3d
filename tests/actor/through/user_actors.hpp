#pragma once

#include "flow/actor.hpp"
#include "flow/base/random.hpp"
#include "support/runtime/plans.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace flow::testing {

/// What the actors of a test did, over all attempts. Thread: thread-safe.
struct ActorsLog {
  void add(std::string what) {
    const std::lock_guard lock{mutex};
    lines.push_back(std::move(what));
  }
  [[nodiscard]] std::size_t count(const std::string& what) const;

  mutable std::mutex mutex;
  std::vector<std::string> lines;
};

/// Adds each row's running sum of `v` as `sum`: state that every row of its subtask is part of.
caf::behavior summing(caf::event_based_actor* self, std::shared_ptr<ActorsLog> log);
/// The same, but each second batch is answered when a later one has come, or a little time has
/// passed.
caf::behavior dawdling(caf::event_based_actor* self, std::shared_ptr<ActorsLog> log);
/// Gives the rows back; has no state.
caf::behavior echoing(caf::event_based_actor* self);

/// Columns of the numbers source and `sum`.
std::vector<Field> summed_fields();
ThroughSpec through(ActorFactory::Make make, std::vector<Field> output = {});

}  // namespace flow::testing
