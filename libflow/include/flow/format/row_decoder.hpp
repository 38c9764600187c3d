#pragma once

#include "flow/base/error.hpp"
#include "flow/record/builder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// A place between two rows of a stream of text.
struct TextPosition {
  std::uint64_t byte = 0;  ///< From the start of the (decompressed) stream.
  std::uint64_t line = 0;  ///< Line breaks before it: the next row is on line `line + 1`.
  bool operator==(const TextPosition&) const = default;
};

/// A row that cannot be decoded.
struct RejectedRow {
  Errc code = Errc::bad_field;
  TextPosition at;     ///< Where the row begins.
  std::string column;  ///< The column at fault; empty if the row as a whole is.
  std::string reason;  ///< `'12x' is not a whole number`
  std::string bytes;   ///< The row without its line end, at most kMaxRejectedBytes.
};
inline constexpr std::size_t kMaxRejectedBytes = 64 * 1024;

/// Bytes behind a window that a decoder may read (not use).
inline constexpr std::size_t kWindowPadding = 64;

/// Turns a stream of text into rows of a schema.
///
/// start() · (feed() · decode()*)*. A window is a stretch of the stream that begins at the first
/// row not yet decoded: after `need_input` the caller makes a larger or later window out of the
/// bytes behind consumed() and what follows them. Where a stream is cut into windows never changes
/// the rows. A bad row is set aside and the next one is decoded; what a bad row is does not depend
/// on rows behind it.
///
/// Owner: a source reader.   Thread: actor-confined.
/// Errors: bad_header. Everything that concerns one row is a RejectedRow.
class RowDecoder {
 public:
  enum class State : std::uint8_t {
    full,        ///< The batch is full (or enough rows were rejected); call again with a new one.
    need_input,  ///< No whole row is left in the window.
    finished,    ///< The last window is used up.
  };

  virtual ~RowDecoder() = default;

  /// Begins at `position`. `header` is the stream's header as header_size() measured it, for
  /// streams that have one and are not read from their start; otherwise empty.
  virtual Status start(TextPosition position, std::string_view header) = 0;
  /// The next window; kWindowPadding bytes behind it are readable. It stays unchanged until the
  /// next feed(). `last`: the stream ends with this window.
  virtual void feed(std::string_view window, bool last) = 0;
  /// Appends rows until the batch is full or the window is used up. At most `max_rejected` rows are
  /// appended to `rejected`.
  virtual Result<State> decode(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                               std::size_t max_rejected = 1024) = 0;
  /// Bytes of the window that whole decoded rows took.
  [[nodiscard]] virtual std::size_t consumed() const noexcept = 0;
  /// Where the next row begins.
  [[nodiscard]] virtual TextPosition position() const noexcept = 0;
};

}  // namespace flow
