#include "rows/assemble.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace flow {
namespace {

/// A new plain column from the rows of several columns of one type.
class Assembler {
 public:
  Assembler(DataType type, std::uint32_t rows, SlabPool& pool) : rows_{rows}, pool_{&pool} {
    column_.type = type;
  }

  Column assemble(std::span<const ColumnPart> parts) && {
    const auto type = column_.type;
    if (type == types::null) {
      column_.null_count = rows_;
      return std::move(column_);
    }
    assemble_validity(parts);
    if (is_variable(type)) {
      assemble_strings(parts);
    } else if (type == types::boolean) {
      column_.values = Buffer::allocate(*pool_, gather::bitmap_bytes(rows_));
      std::size_t at = 0;
      for (const auto& part : parts) {
        gather::booleans(*part.column, part.rows, column_.values.mutable_data(), at);
        at += part.rows.count;
      }
    } else {
      const auto width = fixed_width(type);
      column_.values = Buffer::allocate(*pool_, std::size_t{rows_} * width);
      std::byte* to = column_.values.mutable_data();
      for (const auto& part : parts) {
        gather::fixed(*part.column, part.rows, to);
        to += std::size_t{part.rows.count} * width;
      }
    }
    gather::close_tail(column_.values);
    return std::move(column_);
  }

 private:
  void assemble_validity(std::span<const ColumnPart> parts) {
    const auto has_nulls = [](const ColumnPart& part) {
      return gather::may_have_nulls(*part.column);
    };
    if (std::none_of(parts.begin(), parts.end(), has_nulls)) return;
    column_.validity = Buffer::allocate(*pool_, gather::bitmap_bytes(rows_));
    std::size_t at = 0;
    for (const auto& part : parts) {
      column_.null_count +=
          gather::validity(*part.column, part.rows, column_.validity.mutable_data(), at);
      at += part.rows.count;
    }
    if (column_.null_count == 0) {
      column_.validity = Buffer{};
    } else {
      gather::close_tail(column_.validity);
    }
  }

  void assemble_strings(std::span<const ColumnPart> parts) {
    column_.values = Buffer::allocate(*pool_, (std::size_t{rows_} + 1) * 4);
    auto* first = column_.values.mutable_as<std::uint32_t>();
    first[0] = 0;
    std::uint64_t total = 0;
    auto* offsets = first;
    for (const auto& part : parts) {
      total = gather::offsets(*part.column, part.rows, offsets);
      offsets += part.rows.count;
      FLOW_CHECK(total <= std::numeric_limits<std::uint32_t>::max(),
                 "more than 4 GiB of text in one column of a batch");
    }
    column_.extra = Buffer::allocate(*pool_, total);
    offsets = first;
    for (const auto& part : parts) {
      gather::bytes(*part.column, part.rows, offsets, column_.extra.mutable_data());
      offsets += part.rows.count;
    }
    gather::close_tail(column_.extra);
  }

  Column column_;
  std::uint32_t rows_;
  SlabPool* pool_;
};

}  // namespace

Column assemble(DataType type, std::uint32_t rows, std::span<const ColumnPart> parts,
                SlabPool& pool) {
  return Assembler{type, rows, pool}.assemble(parts);
}

}  // namespace flow
