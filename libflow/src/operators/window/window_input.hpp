#pragma once

#include "window_plan.hpp"

#include "flow/state/batch_keys.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace flow {

/// A batch as the window operators see it: keys, slices, and the columns that go into accumulators.
///
/// Owner: an operator, which hands it batch after batch.   Thread: actor-confined.
class WindowInput {
 public:
  WindowInput(const WindowPlan& plan, bool partial, SlabPool& pool);

  /// The rows of one slice, ascending.
  struct Part {
    std::int64_t slice = 0;
    std::size_t count = 0;
    std::span<const std::uint32_t> positions;  ///< Among the keys; empty: all of them.
    std::span<const std::uint32_t> rows;       ///< Physical rows; empty: 0 … count − 1.
  };

  /// Evaluates what is needed. All spans hold until the next call, and while `batch` lives.
  Status prepare(const Batch& batch);
  /// Only the hashes of the keys.
  Result<std::span<const std::uint64_t>> hash(const Batch& batch);

  /// Lets go of the batch's memory.
  void release() noexcept {
    key_batch_ = {};
    columns_.clear();
  }

  [[nodiscard]] const KeySpan& keys() const noexcept { return keys_; }
  [[nodiscard]] const Batch& key_batch() const noexcept { return key_batch_; }
  [[nodiscard]] const std::vector<Part>& parts() const noexcept { return parts_; }
  /// Adds rows to accumulators: arguments, or partial accumulators in the global phase.
  void add(std::span<std::byte* const> values, std::span<const std::uint32_t> rows,
           std::uint32_t first) const;
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  /// Input rows that a physical row stands for.
  [[nodiscard]] std::int64_t weight(std::uint32_t row) const;

 private:
  Status prepare_keys(const Batch& batch);
  Status split_by_slice(const Batch& batch);
  Result<Column> time_column(const Batch& batch) const;

  const WindowPlan& plan_;
  bool partial_;
  SlabPool& pool_;
  BatchKeys batch_keys_;
  std::vector<std::uint32_t> key_columns_;
  Batch key_batch_;
  KeySpan keys_;
  std::vector<Column> columns_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> part_of_;
  std::vector<std::uint32_t> positions_;
  std::vector<std::uint32_t> rows_;
};

}  // namespace flow
