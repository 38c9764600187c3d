#pragma once

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"
#include "flow/base/ids.hpp"
#include "flow/operators/pending_fire.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace flow {

/// How far event time has been dealt with, per key group: windows with an end up to of(group) have
/// fired.
///
/// Kept per group, not per subtask: after a rescale groups of different subtasks meet, and each
/// goes on where it was, so that no window fires twice and none is left out.
///
/// Owner: an operator.   Thread: actor-confined.
class GroupProgress {
 public:
  explicit GroupProgress(KeyGroupRange owned);

  [[nodiscard]] KeyGroupRange owned() const noexcept { return owned_; }
  [[nodiscard]] std::int64_t of(std::uint32_t group) const {
    FLOW_CHECK(owned_.contains({group}), "a row is in a key group of another subtask");
    return at_[group - owned_.first];
  }
  [[nodiscard]] std::int64_t lowest(KeyGroupRange groups) const;
  [[nodiscard]] std::int64_t highest() const noexcept { return highest_; }
  /// Whether all groups have got equally far.
  [[nodiscard]] bool uniform() const noexcept { return uniform_; }
  /// Raises groups to `time`; those that are further stay.
  void raise(KeyGroupRange groups, std::int64_t time);

  void encode(ByteWriter& out) const;
  /// Takes over what the stored part says about groups that are owned here. False if it is corrupt.
  bool decode(ByteReader& in);

 private:
  void look() noexcept;

  KeyGroupRange owned_;
  std::vector<std::int64_t> at_;
  std::int64_t highest_;
  bool uniform_ = true;
};

/// Fires under way, as snapshots keep them.
void encode_fires(const std::deque<PendingFire>& fires, ByteWriter& out);
/// Appends what the stored part says about groups that are owned here; `in` fails if it is corrupt.
void decode_fires(ByteReader& in, KeyGroupRange owned, std::deque<PendingFire>& fires);

}  // namespace flow
