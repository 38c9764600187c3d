#pragma once

#include "flow/connector/source.hpp"
#include "flow/format/row_decoder.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace flow::file {

enum class Compression : std::uint8_t { none = 0, gzip = 1, zstd = 2 };

/// The compression a file name speaks of.
Compression compression_of(std::string_view path);

/// What a reader has to know of a file or a range of one. Stored in snapshots.
struct FileSplit {
  std::string path;
  Compression compression = Compression::none;
  std::uint64_t begin = 0;
  std::uint64_t end =
      0;  ///< Of an uncompressed file; the range ends with the row that begins before it.
  std::uint64_t file_bytes = 0;  ///< When the files were listed.
  EventTime modified;
  bool exact = false;  ///< A row begins at `begin` and one ends at `end`.

  [[nodiscard]] std::string encode() const;
  /// Errors: bad_split.
  static Result<FileSplit> decode(std::string_view bytes);
};

/// Where reading goes on. Stored in snapshots.
std::string encode_position(TextPosition position);
/// Errors: bad_split.
Result<TextPosition> decode_position(std::string_view bytes);

}  // namespace flow::file
