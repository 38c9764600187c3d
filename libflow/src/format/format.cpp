#include "flow/format/format.hpp"

#include "csv_decoder.hpp"
#include "csv_finder.hpp"
#include "encoders.hpp"
#include "lines_decoder.hpp"
#include "ndjson_decoder.hpp"

namespace flow {

std::string_view format_name(const Format& format) {
  if (std::holds_alternative<CsvFormat>(format)) return "csv";
  return std::holds_alternative<NdjsonFormat>(format) ? "ndjson" : "lines";
}

std::string_view file_extension(const Format& format) {
  if (std::holds_alternative<CsvFormat>(format)) return ".csv";
  return std::holds_alternative<NdjsonFormat>(format) ? ".ndjson" : ".txt";
}

Result<std::unique_ptr<RowDecoder>> make_decoder(const Format& format,
                                                 const DecodedColumns& columns) {
  if (const auto* csv = std::get_if<CsvFormat>(&format)) return CsvDecoder::make(*csv, columns);
  if (const auto* ndjson = std::get_if<NdjsonFormat>(&format))
    return NdjsonDecoder::make(*ndjson, columns);
  return make_lines_decoder(columns);
}

Result<std::unique_ptr<RowEncoder>> make_encoder(const Format& format, const SchemaPtr& schema) {
  if (const auto* csv = std::get_if<CsvFormat>(&format)) return make_csv_encoder(*csv, schema);
  if (std::holds_alternative<NdjsonFormat>(format)) return make_ndjson_encoder(schema);
  return make_lines_encoder(schema);
}

std::optional<std::size_t> header_size(const Format& format, std::string_view prefix, bool last) {
  const auto* csv = std::get_if<CsvFormat>(&format);
  if (csv == nullptr || !csv->header) return 0;
  return csv_header_size(*csv, prefix, last);
}

bool lines_are_rows(const Format& format) {
  const auto* csv = std::get_if<CsvFormat>(&format);
  return csv == nullptr || csv->quote == 0;
}

std::unique_ptr<RowFinder> make_row_finder(const Format& format, std::uint64_t spacing) {
  if (lines_are_rows(format)) return nullptr;
  return make_csv_row_finder(std::get<CsvFormat>(format), spacing);
}

}  // namespace flow
