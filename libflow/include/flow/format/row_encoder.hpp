#pragma once

#include "flow/format/text_buffer.hpp"
#include "flow/record/batch.hpp"

namespace flow {

/// Turns batches of one schema into text.
///
/// Owner: a sink writer.   Thread: actor-confined.
class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  /// What stands once at the start of every file; usually nothing.
  virtual void begin(TextBuffer& out) const = 0;
  /// Appends the selected rows. Row kinds are not written.
  virtual void encode(const Batch& batch, TextBuffer& out) = 0;
};

}  // namespace flow
