#pragma once

#include "flow/connector/source.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace flow::testing {

/// What a numbers source delivers: row i of the whole has `k = hash(i) % keys`, `at = i · step`, `v
/// = i`.
struct Numbers {
  std::uint64_t rows = 1'000;
  std::uint32_t splits = 4;
  std::uint32_t rows_per_batch = 16;
  std::uint64_t keys = 10;
  Micros step{1'000};
  SplitOrder order = SplitOrder::sequential;
  bool bounded = true;  ///< Not bounded: pends for ever after the last row.
  std::uint32_t pend_every =
      0;  ///< Each n-th poll says `pending` and wakes itself through I/O; 0 = never.
  std::uint32_t bytes_per_row = 0;       ///< Length of an extra column `pad`; 0 = none.
  std::optional<std::uint64_t> big_row;  ///< Its `pad` is `big_bytes` long.
  std::uint32_t big_bytes = 0;
  std::uint32_t timeless_every = 0;  ///< Each n-th row has no `at`; 0 = none.
};

/// A source of rows that are a function of their number: any number of splits, exact positions.
std::shared_ptr<const Source> numbers_source(const Numbers& numbers);

}  // namespace flow::testing
