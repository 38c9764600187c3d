#pragma once

#include "flow/base/error.hpp"
#include "flow/record/batch.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace flow {

/// No message is larger: a row of kMaxRowBytes in every column of a wide schema is refused earlier.
inline constexpr ByteCount kMaxMessageBytes = 1_GiB;

/// A batch as a valid multi-segment Cap'n Proto message (schema: libflow/schema/record_batch.capnp)
/// in stream framing: the pieces, in order, are the bytes. Column buffers are shared, not copied;
/// only the root segment is encoded. Equal batches of equal layout give equal bytes.
///
/// Owner: keeps the batch's buffers alive.   Thread: value.
struct SealedBatch {
  Batch batch;
  Buffer root;  ///< Framing header and segment 0.
  /// Segments of a multiple of 8 bytes each, the first with the framing header in front; fewer than
  /// 512.
  std::vector<std::span<const std::byte>> pieces;
  std::size_t bytes = 0;

  /// All pieces in one string (tests, small batches).
  [[nodiscard]] std::string flatten() const;
  /// All pieces in one buffer, as open_batch wants it.
  [[nodiscard]] Buffer flatten(SlabPool& pool) const;
};

/// Compacts if there is a selection, then encodes the root. Large dictionaries are cut to the
/// values in use; buffers whose last word is not clean (column.hpp) are copied. Messages of 512
/// segments and more are flattened to one. Precondition: at most kMaxRows rows.
SealedBatch seal(Batch batch, SlabPool& pool);

/// Who wrote the bytes that open_batch gets.
enum class MessageOrigin : std::uint8_t {
  engine,    ///< A peer or a snapshot of ours: strings were validated when they came in.
  external,  ///< Anybody: strings are checked to be UTF-8.
};

/// Opens one framed message that fills `message` exactly; columns share the buffer. Everything is
/// validated: afterwards kernels run unchecked. `schema` must match the message's fingerprint.
/// Precondition: message.data() is 8-byte aligned. Errors: corrupt_batch, schema_mismatch.
Result<Batch> open_batch(const Buffer& message, const SchemaPtr& schema,
                         MessageOrigin origin = MessageOrigin::engine);

/// Bytes of the message that starts at `prefix` (at least 4 bytes, better the whole segment table),
/// or 0 if more bytes are needed. Errors: corrupt_batch (absurd table).
Result<std::size_t> framed_size(std::span<const std::byte> prefix);

}  // namespace flow
