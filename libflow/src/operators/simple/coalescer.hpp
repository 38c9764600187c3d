#pragma once

#include "flow/operators/operator.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Keeps batches from becoming thin: what a filter left of a batch is gathered with what it left of
/// others.
///
/// A batch with fewer than one in eight rows selected is copied dense and waits until half a target
/// batch is together or something asks for it; any other batch passes as it is, behind what waits.
/// Carrying a few rows in large columns costs every operator behind, and every byte count, as if
/// they were all there.
///
/// Owner: an operator.   Thread: actor-confined.
class Coalescer {
 public:
  /// What is to be emitted now, in order. `batch` must not be empty.
  void add(Batch batch, SlabPool& pool, Collector& out);
  /// Emits what waits.
  void flush(SlabPool& pool, Collector& out);
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  [[nodiscard]] std::string encode(const OperatorContext& context) const;
  Status restore(std::string_view bytes, const OperatorContext& context);

 private:
  std::vector<Batch> waiting_;  // dense
  std::uint32_t rows_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace flow
