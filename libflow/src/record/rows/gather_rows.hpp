// Rows of a batch as a new dense batch: what compact and partition are made of.
#pragma once

#include "flow/record/batch.hpp"

#include <span>

namespace flow {

/// The physical rows `rows` of the batch, dense, in at most two slabs: one for what has a known
/// size, one for the bytes of all strings. Constants stay, dictionaries stay shared; event-time
/// bounds too.
Batch gather_rows(const Batch& batch, std::span<const std::uint32_t> rows, SlabPool& pool);

}  // namespace flow
