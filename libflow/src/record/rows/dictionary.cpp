#include "rows/dictionary.hpp"

#include "rows/gather.hpp"

#include "flow/record/compact.hpp"

#include <vector>

namespace flow {
namespace {

/// A dictionary of at most this part of its codes' bytes travels whole.
constexpr std::size_t kWorthCutting = 8;

}  // namespace

Column cut_dictionary(const Column& column, std::uint32_t rows, SlabPool& pool) {
  if (column.child->byte_size() * kWorthCutting <= std::size_t{rows} * 4) return column;
  const auto* codes = column.data<std::uint32_t>();
  // First a mark per value, then its new code.
  std::vector<std::uint32_t> new_codes(column.dictionary_size(), 0);
  for (std::uint32_t row = 0; row < rows; ++row) {
    if (column.is_valid(row)) new_codes[codes[row]] = 1;
  }
  std::vector<std::uint32_t> used;
  for (std::uint32_t code = 0; code < new_codes.size(); ++code) {
    if (new_codes[code] == 0) continue;
    new_codes[code] = static_cast<std::uint32_t>(used.size());
    used.push_back(code);
  }
  if (used.size() == new_codes.size()) return column;
  if (used.empty()) return flatten(column, rows, pool);  // Only nulls, or no rows.

  Column out = column;
  out.child = std::make_shared<const Column>(take(*column.child, used, pool));
  out.values = Buffer::allocate(pool, std::size_t{rows} * 4);
  auto* to = out.values.mutable_as<std::uint32_t>();
  // The code of a null row may be one that is not used: it became 0.
  for (std::uint32_t row = 0; row < rows; ++row) to[row] = new_codes[codes[row]];
  gather::close_tail(out.values);
  return out;
}

}  // namespace flow
