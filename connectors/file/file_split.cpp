#include "file_split.hpp"

#include "flow/base/byte_io.hpp"

namespace flow::file {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Compression compression_of(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::gzip;
  return path.ends_with(".zst") ? Compression::zstd : Compression::none;
}

std::string FileSplit::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put_string(path);
  out.put(compression);
  out.put(begin);
  out.put(end);
  out.put(file_bytes);
  out.put(modified.micros);
  out.put(static_cast<std::uint8_t>(exact));
  return out.take();
}

Result<FileSplit> FileSplit::decode(std::string_view bytes) {
  ByteReader in{bytes};
  FileSplit split;
  const auto version = in.get<std::uint8_t>();
  split.path = in.get_string();
  const auto compression = in.get<std::uint8_t>();
  split.compression = static_cast<Compression>(compression);
  split.begin = in.get<std::uint64_t>();
  split.end = in.get<std::uint64_t>();
  split.file_bytes = in.get<std::uint64_t>();
  split.modified = {in.get<std::int64_t>()};
  split.exact = in.get_bool();
  if (!in.finished() || version != kVersion || compression > 2)
    return Error{Errc::bad_split, "a split of a file source cannot be read"};
  return split;
}

std::string encode_position(TextPosition position) {
  ByteWriter out;
  out.put(kVersion);
  out.put(position.byte);
  out.put(position.line);
  return out.take();
}

Result<TextPosition> decode_position(std::string_view bytes) {
  ByteReader in{bytes};
  const auto version = in.get<std::uint8_t>();
  TextPosition position;
  position.byte = in.get<std::uint64_t>();
  position.line = in.get<std::uint64_t>();
  if (!in.finished() || version != kVersion)
    return Error{Errc::bad_split, "a position of a file source cannot be read"};
  return position;
}

}  // namespace flow::file
