// Cutting a dictionary to the values a batch uses.
#pragma once

#include "flow/record/column.hpp"

namespace flow {

/// The same rows with a dictionary of the used values only, in their order. Returns the column as
/// it is if all are used, or if the dictionary is small beside the codes and not worth the pass.
/// Precondition: a dictionary column.
Column cut_dictionary(const Column& column, std::uint32_t rows, SlabPool& pool);

}  // namespace flow
