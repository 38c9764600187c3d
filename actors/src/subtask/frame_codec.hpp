#pragma once

#include "flow/actors/protocol.hpp"
#include "flow/record/wire.hpp"

namespace flow::actors {

/// A frame as bytes: a 56-byte header (little endian), then for rows the batch as a framed Cap'n
/// Proto message.
///
///   0  u32 magic   4 u8 kind   5 u8 barrier kind   6 u16 0   8 u32 channel   12 u32 assignment
///   16 u64 sequence   24 i64 watermark (µs)   32 u64 epoch   40 u64 cost   48 u64 bytes of the
///   batch (0 = none)
///
/// The header's length keeps the batch 8-byte aligned, so columns are used where they lie.
inline constexpr std::size_t kFrameHeaderBytes = 56;

Buffer encode_frame(const ChannelFrame& frame, SlabPool& pool);

/// Accepts exactly what encode_frame writes and nothing else; `schema` is the channel's.
/// Errors: corrupt_frame, corrupt_batch.
Result<ChannelFrame> decode_frame(const Buffer& bytes, const SchemaPtr& schema);

/// The channel a frame is for, before its schema is known. Errors: corrupt_frame.
Result<std::uint32_t> channel_of_frame(const Buffer& bytes);

}  // namespace flow::actors
