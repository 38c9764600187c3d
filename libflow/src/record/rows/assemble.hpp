// A new plain column out of rows of several columns: take, flatten and concatenate.
#pragma once

#include "rows/gather.hpp"

#include <span>

namespace flow {

/// Rows of one column.
struct ColumnPart {
  const Column* column = nullptr;
  gather::Rows rows;
};

/// A plain column of `rows` rows: the parts, all of this type and any encoding, one behind the
/// other.
Column assemble(DataType type, std::uint32_t rows, std::span<const ColumnPart> parts,
                SlabPool& pool);

}  // namespace flow
