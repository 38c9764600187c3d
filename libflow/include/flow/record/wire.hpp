#pragma once

#include "flow/base/error.hpp"
#include "flow/record/batch.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace flow {

/// A batch as a valid multi-segment Cap'n Proto message (schema: libflow/schema/record_batch.capnp)
/// in stream framing: the pieces, in order, are the bytes. Column buffers are shared, not copied;
/// only the root segment is encoded.
///
/// Owner: keeps the batch's buffers alive.   Thread: value.
struct SealedBatch {
  Batch batch;
  Buffer root;  ///< Framing header and segment 0.
  std::vector<std::span<const std::byte>> pieces;
  std::size_t bytes = 0;

  /// All pieces in one string (tests, small batches).
  [[nodiscard]] std::string flatten() const;
};

/// Compacts if there is a selection, then encodes the root. Dictionaries are cut to the values in
/// use.
SealedBatch seal(const Batch& batch, SlabPool& pool);

/// Opens one framed message that fills `message` exactly; columns share the buffer. Everything is
/// validated: afterwards kernels run unchecked. `schema` must match the message's fingerprint.
/// Alignment: message.data() must be 8-byte aligned. Errors: corrupt_batch.
Result<Batch> open_batch(const Buffer& message, const SchemaPtr& schema);

/// Bytes of the message that starts at `prefix` (at least 4 bytes, better the whole segment table),
/// or nothing if more bytes are needed. Errors: corrupt_batch (absurd table).
Result<std::size_t> framed_size(std::span<const std::byte> prefix);

}  // namespace flow
