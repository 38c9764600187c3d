// What lies under a null must not leave the process.
#pragma once

#include "flow/record/column.hpp"

namespace flow {

/// Gives the null rows of a plain or dictionary column the value zero (the empty string, code 0):
/// what an expression masked with NULL, or never wrote, must not travel, and equal batches give
/// equal bytes. Copies only what is not so already.   Cost: a look at each null row.
void clear_null_slots(Column& column, std::uint32_t rows, SlabPool& pool);

}  // namespace flow
