#pragma once

#include "flow/record/batch.hpp"
#include "flow/record/value.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace flow {

/// Copies `rows` of `column` (any order, repeats allowed) into a new plain column; dictionary codes
/// are gathered and keep their shared dictionary, constants stay constant.
Column take(const Column& column, std::span<const std::uint32_t> rows, SlabPool& pool);

/// The column as plain: constants and dictionaries expanded to `rows` rows; plain columns are
/// shared.
Column flatten(const Column& column, std::uint32_t rows, SlabPool& pool);

/// The batch with dense columns and no selection; shares everything if there is no selection.
Batch compact(const Batch& batch, SlabPool& pool);

/// Splits by destination: `destination[i]` is the target (< count) of the i-th selected row.
/// Returns `count` dense batches, empty ones with 0 rows. Row order within a target is kept.
std::vector<Batch> partition(const Batch& batch, std::span<const std::uint16_t> destination,
                             std::uint32_t count, SlabPool& pool);

/// Concatenates dense or selected batches of one schema into one dense batch.
Batch concatenate(std::span<const Batch> batches, SlabPool& pool);

/// Copies into fresh slabs of the pool what shares a larger slab (received messages kept for long).
Batch detach(const Batch& batch, SlabPool& pool);

/// Whether a batch that is kept or sent should be detached first: the slabs it keeps alive,
/// `retained` (its retained_bytes()), are more than twice its rows, and 16 KiB above that.
bool is_worth_detaching(const Batch& batch, std::uint64_t retained);

/// A column of `rows` times the same value; null value needs the type.
Column constant_column(DataType type, const Value& value, SlabPool& pool);

}  // namespace flow
