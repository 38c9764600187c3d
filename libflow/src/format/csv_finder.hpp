#pragma once

#include "flow/format/format.hpp"

namespace flow {

std::unique_ptr<RowFinder> make_csv_row_finder(const CsvFormat& format, std::uint64_t spacing);
std::optional<std::size_t> csv_header_size(const CsvFormat& format, std::string_view prefix,
                                           bool last);

}  // namespace flow
