#pragma once

#include "flow/format/format.hpp"

namespace flow {

Result<std::unique_ptr<RowEncoder>> make_csv_encoder(const CsvFormat& format,
                                                     const SchemaPtr& schema);
Result<std::unique_ptr<RowEncoder>> make_ndjson_encoder(const SchemaPtr& schema);
Result<std::unique_ptr<RowEncoder>> make_lines_encoder(const SchemaPtr& schema);

}  // namespace flow
