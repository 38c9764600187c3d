#include "csv_finder.hpp"

#include "csv_scanner.hpp"

#include "flow/record/batch.hpp"

#include <algorithm>
#include <cstring>

namespace flow {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvRowFinder final : public RowFinder {
 public:
  CsvRowFinder(const CsvFormat& format, std::uint64_t spacing)
      : spacing_{spacing}, scanner_{format.delimiter, format.quote}, starts_{0} {}

  void feed(std::string_view bytes) override {
    // A byte order mark is no field content: a quote may follow it.
    std::size_t at = base_ == 0 && bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (at < bytes.size() && !lost_) {
      if (seeking_break_) {
        const auto found = bytes.find('\n', at);
        if (found == std::string_view::npos) {
          at = bytes.size();
          continue;
        }
        at = found + 1;
        seeking_break_ = false;
        scanner_.restart();
        row_starts_at(base_ + at);
      }
      const auto to = std::min(bytes.size(), at + kPieceBytes);
      structure_.clear();
      const auto stray = scanner_.scan(bytes.data(), at, to, structure_);
      for (const auto last : structure_.row_last) row_starts_at(base_ + structure_.ends[last] + 1);
      seeking_break_ = stray != csv::Scanner::kNoStray;
      // The stray quote may be the byte before the piece (of an earlier feed even); its row ends
      // behind it.
      if (!seeking_break_)
        at = to;
      else if (stray != at - 1)
        at = stray;
      // Behind such a row a decoder finds its way by other means; see CsvDecoder.
      lost_ = base_ + to - row_ > kMaxRowBytes.value;
    }
    base_ += bytes.size();
  }

  [[nodiscard]] const std::vector<std::uint64_t>& starts() const noexcept override {
    return starts_;
  }

 private:
  void row_starts_at(std::uint64_t position) {
    row_ = position;
    if (position >= starts_.back() + spacing_) starts_.push_back(position);
  }

  std::uint64_t spacing_;
  csv::Scanner scanner_;
  csv::Scanner::Structure structure_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t base_ = 0;
  std::uint64_t row_ = 0;       ///< Where the present row begins.
  bool seeking_break_ = false;  ///< Behind a stray quote.
  bool lost_ = false;
};

}  // namespace

std::unique_ptr<RowFinder> make_csv_row_finder(const CsvFormat& format, std::uint64_t spacing) {
  return std::make_unique<CsvRowFinder>(format, spacing);
}

std::optional<std::size_t> csv_header_size(const CsvFormat& format, std::string_view prefix,
                                           bool last) {
  csv::Scanner scanner{format.delimiter, format.quote};
  const std::size_t begin = prefix.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::string padded{prefix};
  padded.append(kWindowPadding, '\0');
  csv::Scanner::Structure structure;
  const auto stray = scanner.scan(padded.data(), begin, prefix.size(), structure);
  if (!structure.row_last.empty()) return structure.ends[structure.row_last.front()] + 1;
  if (stray != csv::Scanner::kNoStray) {
    const auto end = prefix.find('\n', stray);
    if (end != std::string_view::npos) return end + 1;
  }
  if (last) return prefix.size();
  return std::nullopt;
}

}  // namespace flow
