#include "subtask/frame_codec.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace flow::actors {
namespace {

constexpr std::uint32_t kMagic = 0x31465246;  // "FRF1"

Error corrupt(const char* what) {
  return Error{Errc::corrupt_frame, "a frame between two subtasks is corrupt"}.with_cause(what);
}

std::string_view text_of(const Buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Buffer encode_frame(const ChannelFrame& frame, SlabPool& pool) {
  SealedBatch sealed;
  const bool has_batch = frame.kind == ChannelFrame::Kind::rows;
  if (has_batch) sealed = seal(frame.batch, pool);
  ByteWriter header;
  header.put(kMagic);
  header.put(frame.kind);
  header.put(frame.barrier);
  header.put(std::uint16_t{0});
  header.put(frame.channel);
  header.put(frame.assignment);
  header.put(frame.sequence);
  header.put(frame.watermark.micros);
  header.put(frame.epoch.value);
  header.put(frame.cost);
  header.put(static_cast<std::uint64_t>(sealed.bytes));
  const auto head = header.take();
  FLOW_CHECK(head.size() == kFrameHeaderBytes);

  auto bytes = Buffer::allocate(pool, kFrameHeaderBytes + sealed.bytes);
  auto* to = bytes.mutable_data();
  std::memcpy(to, head.data(), head.size());
  to += head.size();
  for (const auto& piece : sealed.pieces) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  return bytes;
}

Result<std::uint32_t> channel_of_frame(const Buffer& bytes) {
  ByteReader reader{text_of(bytes)};
  const auto magic = reader.get<std::uint32_t>();
  (void)reader.get<std::uint32_t>();
  const auto channel = reader.get<std::uint32_t>();
  if (!reader.ok() || magic != kMagic) return corrupt("no frame header");
  return channel;
}

Result<ChannelFrame> decode_frame(const Buffer& bytes, const SchemaPtr& schema) {
  if (bytes.size() < kFrameHeaderBytes) return corrupt("shorter than its header");
  ByteReader reader{text_of(bytes).substr(0, kFrameHeaderBytes)};
  ChannelFrame frame;
  const auto magic = reader.get<std::uint32_t>();
  const auto kind = reader.get<std::uint8_t>();
  const auto barrier = reader.get<std::uint8_t>();
  const auto reserved = reader.get<std::uint16_t>();
  frame.channel = reader.get<std::uint32_t>();
  frame.assignment = reader.get<std::uint32_t>();
  frame.sequence = reader.get<std::uint64_t>();
  frame.watermark.micros = reader.get<std::int64_t>();
  frame.epoch.value = reader.get<std::uint64_t>();
  frame.cost = reader.get<std::uint64_t>();
  const auto batch_bytes = reader.get<std::uint64_t>();
  if (magic != kMagic) return corrupt("wrong magic number");
  if (kind > static_cast<std::uint8_t>(ChannelFrame::Kind::barrier)) return corrupt("unknown kind");
  if (barrier > static_cast<std::uint8_t>(BarrierKind::final))
    return corrupt("unknown kind of barrier");
  if (reserved != 0) return corrupt("reserved bytes are not zero");
  if (batch_bytes != bytes.size() - kFrameHeaderBytes) return corrupt("length does not match");
  frame.kind = static_cast<ChannelFrame::Kind>(kind);
  frame.barrier = static_cast<BarrierKind>(barrier);
  if ((frame.kind == ChannelFrame::Kind::rows) != (batch_bytes != 0))
    return corrupt("rows without batch or batch without rows");
  if (batch_bytes != 0) {
    FLOW_ASSIGN(frame.batch, open_batch(bytes.slice(kFrameHeaderBytes, batch_bytes), schema));
  }
  return frame;
}

}  // namespace flow::actors
