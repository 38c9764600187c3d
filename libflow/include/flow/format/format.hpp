#pragma once

#include "flow/format/column_text.hpp"
#include "flow/format/row_decoder.hpp"
#include "flow/format/row_encoder.hpp"
#include "flow/record/schema.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flow {

/// Comma-separated values after RFC 4180; see libflow/src/format/README.md.
struct CsvFormat {
  char delimiter = ',';
  char quote = '"';    ///< 0: quotes are ordinary characters.
  bool header = true;  ///< Columns are matched by the names in the first line, else by place.
  std::string null;    ///< What stands for null, unquoted.
  bool operator==(const CsvFormat&) const = default;
};
/// One JSON object per line.
struct NdjsonFormat {
  bool refuse_unknown = false;  ///< A key that is no column makes the row bad.
  bool operator==(const NdjsonFormat&) const = default;
};
/// Each line is one string, without its line end.
struct LinesFormat {
  bool operator==(const LinesFormat&) const = default;
};
using Format = std::variant<CsvFormat, NdjsonFormat, LinesFormat>;

/// `csv`, `ndjson`, `lines`.
std::string_view format_name(const Format& format);
/// What files of the format are called: `.csv`, `.ndjson`, `.txt`.
std::string_view file_extension(const Format& format);

/// Which columns a decoder delivers.
struct DecodedColumns {
  SchemaPtr declared;                  ///< All columns, as the user wrote them.
  std::vector<std::uint32_t> columns;  ///< Those to deliver, ascending indices into `declared`.
  std::vector<ColumnText> text;        ///< One per declared column, or empty.

  static DecodedColumns all(SchemaPtr declared, std::vector<ColumnText> text = {});
  /// The schema of the rows that come out.
  [[nodiscard]] SchemaPtr schema() const;
};

/// Checks that the format can deliver these columns. Errors: bad_format.
Result<std::unique_ptr<RowDecoder>> make_decoder(const Format& format,
                                                 const DecodedColumns& columns);
/// Checks that the format can write these columns. Errors: bad_format.
Result<std::unique_ptr<RowEncoder>> make_encoder(const Format& format, const SchemaPtr& schema);

/// Bytes of the header at the start of a stream, of which `prefix` is the beginning; 0 if the
/// format has none; nothing if more bytes are needed.
std::optional<std::size_t> header_size(const Format& format, std::string_view prefix, bool last);

/// Whether a line break always ends a row, so that a row can be found from anywhere in a stream.
bool lines_are_rows(const Format& format);

/// Finds places where rows of a stream begin, without decoding them: exactly where a decoder that
/// reads the stream from its start would say, bad rows included.
///
/// Owner: whoever cuts a file into ranges.   Thread: actor-confined.
class RowFinder {
 public:
  virtual ~RowFinder() = default;
  /// Bytes of the stream, in order, in pieces of any size; kWindowPadding bytes behind `bytes` are
  /// readable.
  virtual void feed(std::string_view bytes) = 0;
  /// Row starts found so far, ascending, the first at the stream's start, at least `spacing` apart.
  [[nodiscard]] virtual const std::vector<std::uint64_t>& starts() const noexcept = 0;
};
/// For formats whose rows cannot be found from anywhere; nullptr where lines_are_rows().
std::unique_ptr<RowFinder> make_row_finder(const Format& format, std::uint64_t spacing);

}  // namespace flow
