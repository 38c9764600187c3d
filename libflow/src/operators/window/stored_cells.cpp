// Accumulators as bytes: what snapshots keep of them.
#include "accumulators.hpp"
#include "cell_access.hpp"
#include "text_block.hpp"

#include <cstdlib>

namespace flow {
namespace {

using cells::at;

}  // namespace

void Accumulators::describe(ByteWriter& out) const {
  out.put(static_cast<std::uint32_t>(cells_.size()));
  for (const auto& cell : cells_) {
    out.put(cell.kind);
    out.put(static_cast<std::int32_t>(cell.argument));
    out.put(static_cast<std::uint8_t>(cell.minimum));
    out.put(cell.type.id);
  }
}

void Accumulators::encode(const std::byte* value, std::string& out) const {
  for (const auto& cell : cells_) {
    if (cell.kind == CellKind::text_min || cell.kind == CellKind::text_max) {
      const auto* text = at<TextBlock*>(value, cell.offset);
      ByteWriter writer;
      writer.put(static_cast<std::uint8_t>(text != nullptr));
      if (text != nullptr) writer.put_string(text->view());
      out += writer.take();
    } else {
      out.append(reinterpret_cast<const char*>(value + cell.offset),
                 cell.kind == CellKind::sum_int ? 16 : 8);
    }
  }
}

bool Accumulators::decode(std::string_view bytes, std::byte* value) const {
  ByteReader reader{bytes};
  for (const auto& cell : cells_) {
    if (cell.kind == CellKind::text_min || cell.kind == CellKind::text_max) {
      if (reader.get_bool())
        TextBlock::assign(at<TextBlock*>(value, cell.offset), reader.get_string());
    } else {
      at<std::uint64_t>(value, cell.offset) = reader.get<std::uint64_t>();
      if (cell.kind == CellKind::sum_int)
        at<std::uint64_t>(value, cell.offset + 8) = reader.get<std::uint64_t>();
    }
  }
  return reader.finished();
}

void Accumulators::release(std::byte* value) const noexcept {
  for (const auto& cell : cells_) {
    if (cell.kind == CellKind::text_min || cell.kind == CellKind::text_max)
      std::free(at<TextBlock*>(value, cell.offset));
  }
}

}  // namespace flow
