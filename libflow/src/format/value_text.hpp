#pragma once

#include "field_parse.hpp"
#include "time_text.hpp"

#include "flow/format/format.hpp"
#include "flow/format/utf8.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flow {

/// Reads the unquoted text of one column: the part that is the same for every textual format.
///
/// Owner: a decoder, one per delivered column.   Thread: actor-confined.
struct ColumnReader {
  DataType type;
  bool nullable = true;
  std::string name;
  std::uint32_t declared = 0;  ///< Index in the declared schema.
  TimeText time;

  /// One for each delivered column. Errors: bad_format.
  static Result<std::vector<ColumnReader>> make(const DecodedColumns& columns);

  /// Appends the value of `text`, which is not null. False: nothing was appended, see reason.
  bool append(std::string_view text, ColumnBuilder& into);
  bool append_null(ColumnBuilder& into);

  Errc code = Errc::bad_field;  ///< Of the last failure.
  std::string reason;

 private:
  bool fail(Errc why, std::string_view text, std::string_view what);
};

/// A text for a message: at most 40 characters, control characters replaced, in single quotes.
std::string in_quotes(std::string_view text);
/// Line breaks in the text.
std::uint64_t count_lines(std::string_view text) noexcept;
/// Why a row is bad, ready to be handed over.
RejectedRow reject(Errc code, TextPosition at, std::string_view row, std::string column,
                   std::string reason);

}  // namespace flow
