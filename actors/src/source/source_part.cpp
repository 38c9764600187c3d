#include "source/source_part.hpp"

#include "flow/base/byte_io.hpp"

namespace flow::actors {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

std::string SourcePart::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put(static_cast<std::uint8_t>(ended));
  out.put(watermark.micros);
  out.put_string(source.encode());
  return out.take();
}

Result<SourcePart> SourcePart::decode(std::string_view bytes) {
  ByteReader in{bytes};
  SourcePart part;
  const auto version = in.get<std::uint8_t>();
  part.ended = in.get_bool();
  part.watermark.micros = in.get<std::int64_t>();
  const auto source = in.get_string();
  if (version != kVersion || !in.finished())
    return Error{Errc::corrupt_snapshot_part, "cannot read the positions of a source"};
  FLOW_ASSIGN(part.source, SourceSnapshot::decode(source));
  return part;
}

}  // namespace flow::actors
