#pragma once

#include "flow/format/format.hpp"

namespace flow {

/// Each line is a row of one string (or bytes) column.
Result<std::unique_ptr<RowDecoder>> make_lines_decoder(const DecodedColumns& columns);

}  // namespace flow
