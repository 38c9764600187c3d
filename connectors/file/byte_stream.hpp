#pragma once

#include "file_split.hpp"

#include "flow/base/file_system.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace flow::file {

/// The bytes of the rows of a split, decompressed, in order.
///
/// Thread: blocking; used by one I/O job at a time.
/// Errors: file_missing, file_unreadable, file_truncated, file_corrupt, file_changed.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads up to into.size() bytes; 0 only at the end.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
  /// Position of the first byte that read() gives, in the decompressed file; valid after the first
  /// read().
  [[nodiscard]] virtual std::uint64_t first_byte() const = 0;
  /// Bytes taken from the file so far.
  [[nodiscard]] virtual std::uint64_t bytes_read() const = 0;
};

/// Opens the stream of a split. `resume`: the position of a row to go on with; nothing: from its
/// first row.
Result<std::unique_ptr<ByteStream>> open_stream(FileSystem& files, const FileSplit& split,
                                                std::optional<std::uint64_t> resume);

}  // namespace flow::file
