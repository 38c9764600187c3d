#include "flow/base/utf8.hpp"
#include "flow/record/value.hpp"

#include <algorithm>
#include <array>

namespace flow {
namespace {

constexpr std::size_t kMaxCell = 48;
constexpr std::array<std::string_view, 4> kKinds{"+I", "-U", "+U", "-D"};

/// Characters as a terminal counts them, near enough: UTF-8 continuation bytes have no width.
std::size_t width_of(std::string_view text) { return characters_in(text); }

/// One line, no control characters, at most kMaxCell characters.
std::string cell_of(std::string_view text) {
  std::string cell;
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool starts = is_utf8_start(c);
    if (starts && width == kMaxCell) return cell + "…";
    if (starts) ++width;
    cell.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
  return cell;
}

bool is_number(DataType type) {
  return type == types::int32 || type == types::int64 || type == types::float64;
}

}  // namespace

std::string pretty(const Batch& batch, std::size_t max_rows) {
  const auto& fields = batch.schema()->fields();
  const std::size_t first = batch.is_changelog() ? 1 : 0;
  std::vector<std::vector<std::string>> lines(1);
  if (first != 0) lines[0].emplace_back();
  for (const auto& field : fields) lines[0].push_back(cell_of(field.name));
  batch.for_each_row([&](std::uint32_t row) {
    if (lines.size() > max_rows) return;
    auto& line = lines.emplace_back();
    if (first != 0) {
      line.emplace_back(kKinds[static_cast<std::size_t>(batch.row_kinds().data()[row]) & 3u]);
    }
    for (const auto& column : batch.columns()) {
      line.push_back(cell_of(to_string(value_at(column, row))));
    }
  });

  std::vector<std::size_t> widths(fields.size() + first, 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i != 0) text += "  ";
      const std::string padding(widths[i] - width_of(line[i]), ' ');
      const bool right = i >= first && is_number(fields[i - first].type);
      text += right ? padding + line[i] : line[i] + padding;
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + '\n';
  }
  if (batch.selected() > lines.size() - 1) {
    out += "… " + format_count(batch.selected() - (lines.size() - 1)) + " more rows\n";
  }
  return out;
}

}  // namespace flow
