#pragma once

#include "flow/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow::file {

/// A part that is written and waits to become visible. Names without directory.
struct PreparedPart {
  std::string pending;
  std::string visible;
  std::uint64_t bytes = 0;
};

/// What one subtask answers to prepare(): its committable. Also an epoch without rows has one, for
/// what it says about the run.
struct Prepared {
  std::vector<PreparedPart> parts;
  /// The run had made the output its own before: a later recovery has to find it.
  bool owned = false;
  /// The subtask's next part, behind `parts`. Visible parts from there on are newer than the
  /// snapshot.
  std::uint64_t next = 0;

  [[nodiscard]] std::string encode() const;
  /// Errors: bad_split.
  static Result<Prepared> decode(std::string_view bytes);
};

/// What a subtask had prepared for the checkpoint that a run goes on from.
struct Recovered {
  std::uint32_t subtask = 0;
  Prepared prepared;
};

/// The parts of all subtasks.
std::vector<PreparedPart> parts_of(const std::vector<Recovered>& all);

}  // namespace flow::file
