#include "prepared_part.hpp"

#include "flow/base/byte_io.hpp"

#include <algorithm>

namespace flow::file {
namespace {

constexpr std::uint8_t kVersion = 2;

}  // namespace

std::string Prepared::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put(static_cast<std::uint8_t>(owned));
  out.put(next);
  out.put(static_cast<std::uint32_t>(parts.size()));
  for (const auto& part : parts) {
    out.put_string(part.pending);
    out.put_string(part.visible);
    out.put(part.bytes);
  }
  return out.take();
}

Result<Prepared> Prepared::decode(std::string_view bytes) {
  ByteReader in{bytes};
  Prepared prepared;
  const auto version = in.get<std::uint8_t>();
  prepared.owned = in.get_bool();
  prepared.next = in.get<std::uint64_t>();
  prepared.parts.resize(in.get_count(16));
  for (auto& part : prepared.parts) {
    part.pending = in.get_string();
    part.visible = in.get_string();
    part.bytes = in.get<std::uint64_t>();
  }
  // A name must never lead out of the directory.
  const auto plain = [](const PreparedPart& part) {
    return part.pending.find('/') == std::string::npos &&
           part.visible.find('/') == std::string::npos;
  };
  if (!in.finished() || version != kVersion ||
      !std::all_of(prepared.parts.begin(), prepared.parts.end(), plain))
    return Error{Errc::bad_split, "a committable of a file sink cannot be read"};
  return prepared;
}

std::vector<PreparedPart> parts_of(const std::vector<Recovered>& all) {
  std::vector<PreparedPart> parts;
  for (const auto& from : all)
    parts.insert(parts.end(), from.prepared.parts.begin(), from.prepared.parts.end());
  return parts;
}

}  // namespace flow::file
