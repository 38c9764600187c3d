#pragma once

#include "flow/base/byte_io.hpp"
#include "flow/operators/operator.hpp"

#include <cstdint>

namespace flow {

/// Whose part of a snapshot something is.
struct PartOrigin {
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 0;
  KeyGroupRange owned;

  static PartOrigin of(const OperatorContext& context) {
    return {context.subtask.value, context.parallelism, context.owned};
  }
  void put(ByteWriter& out) const;
  static PartOrigin get(ByteReader& in);

  /// The part was written where it is read: same subtask, same parallelism.
  [[nodiscard]] bool is_here(const OperatorContext& context) const noexcept;
  /// Exactly one of the subtasks that read the part may say this: who takes what belongs to no key
  /// group.
  [[nodiscard]] bool falls_to(const OperatorContext& context) const noexcept;
  bool operator==(const PartOrigin&) const = default;
};

/// Writes a batch with its schema, sealed, so that it can be opened by whoever finds it.
void put_batch(ByteWriter& out, const Batch& batch, SlabPool& pool);
/// Errors: corrupt_snapshot_part, corrupt_batch.
Result<Batch> get_batch(ByteReader& in, SlabPool& pool);

}  // namespace flow
