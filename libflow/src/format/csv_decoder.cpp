#include "csv_decoder.hpp"

#include "csv_text.hpp"

#include "flow/base/check.hpp"

#include <algorithm>

namespace flow {
namespace {

/// What is scanned ahead of decoding: small enough to stay in the first cache.
constexpr std::size_t kScanBytes = 32 * 1024;
/// Rows read column by column at once.
constexpr std::size_t kGroupRows = 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<std::unique_ptr<RowDecoder>> CsvDecoder::make(const CsvFormat& format,
                                                     const DecodedColumns& columns) {
  FLOW_ASSIGN(auto readers, ColumnReader::make(columns));
  return std::unique_ptr<RowDecoder>{new CsvDecoder{format, columns, std::move(readers)}};
}

CsvDecoder::CsvDecoder(const CsvFormat& format, const DecodedColumns& columns,
                       std::vector<ColumnReader> readers)
    : format_{format},
      declared_{columns.declared},
      readers_{std::move(readers)},
      scanner_{format.delimiter, format.quote} {}

Status CsvDecoder::start(TextPosition position, std::string_view header) {
  base_ = position.byte;
  line_ = position.line;
  window_ = {};
  consumed_ = 0;
  skipping_ = false;
  fields_per_row_ = 0;
  fields_.clear();
  if (!format_.header) {
    for (const auto& reader : readers_) fields_.push_back(reader.declared);
    fields_per_row_ = static_cast<std::uint32_t>(declared_->size());
  } else if (!header.empty()) {
    FLOW_TRY(bind_header(header));
  }
  return {};
}

void CsvDecoder::feed(std::string_view window, bool last) {
  FLOW_CHECK(window.size() < (std::size_t{1} << 31), "a window of text has less than 2 GiB");
  base_ += consumed_;
  window_ = window;
  last_ = last;
  advance_to(0);
}

/// The next row begins at `position`; what was scanned is forgotten.
void CsvDecoder::advance_to(std::size_t position) {
  consumed_ = row_begin_ = scanned_ = position;
  stray_ = csv::Scanner::kNoStray;
  scanner_.restart();
  structure_.clear();
  next_row_ = 0;
}

/// Names the fields. `header` is the raw first row, a byte order mark included.
Status CsvDecoder::bind_header(std::string_view header) {
  if (header.starts_with(kByteOrderMark)) header.remove_prefix(kByteOrderMark.size());
  if (header.ends_with('\n')) header.remove_suffix(1);
  if (header.ends_with('\r')) header.remove_suffix(1);
  const auto names = csv::split_row(header, format_.delimiter, format_.quote);
  if (!names) return Error{Errc::bad_header, "quotes in the header do not match"};
  header_names_.clear();
  for (const auto& name : *names)
    header_names_ += (header_names_.empty() ? "" : ", ") + in_quotes(name);
  fields_.clear();
  for (const auto& reader : readers_) {
    const auto found = std::find(names->begin(), names->end(), reader.name);
    if (found == names->end())
      return Error{Errc::bad_header, "the header has no column " + in_quotes(reader.name)}
          .with_note("columns of the header: " + header_names_);
    if (std::find(found + 1, names->end(), reader.name) != names->end())
      return Error{Errc::bad_header, "the header has column " + in_quotes(reader.name) + " twice"};
    fields_.push_back(static_cast<std::uint32_t>(found - names->begin()));
  }
  fields_per_row_ = static_cast<std::uint32_t>(names->size());
  return {};
}

/// True when the header has been read; false when more input is needed.
Result<bool> CsvDecoder::read_header() {
  const auto size = header_size(Format{format_}, window_, last_);
  if (!size) {
    if (window_.size() > kMaxRowBytes.value)
      return Error{Errc::bad_header, "the header has more than 64 MiB"};
    return false;
  }
  FLOW_TRY(bind_header(window_.substr(0, *size)));
  count_lines_to(*size);
  advance_to(*size);
  return true;
}

void CsvDecoder::count_lines_to(std::size_t end) {
  line_ += count_lines(window_.substr(consumed_, end - consumed_));
  consumed_ = end;
}

/// Only for rows behind consumed_, in order; costs a scan of what lies between.
TextPosition CsvDecoder::place_of(std::size_t begin) const {
  return {base_ + begin, line_ + count_lines(window_.substr(consumed_, begin - consumed_))};
}

std::string_view CsvDecoder::field_of(const Row& row, std::uint32_t field) const noexcept {
  const auto* ends = structure_.ends.data() + row.first;
  const std::size_t begin = field == 0 ? row.begin : ends[field - 1] + 1;
  std::size_t end = ends[field];
  if (end == row.end && end > begin && window_[end - 1] == '\r') --end;
  return {window_.data() + begin, end - begin};
}

Result<RowDecoder::State> CsvDecoder::decode(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                                             std::size_t max_rejected) {
  if (fields_per_row_ == 0) {
    if (last_ && window_.empty()) return State::finished;  // an empty file needs no header
    FLOW_ASSIGN(const bool bound, read_header());
    if (!bound) return State::need_input;
  }
  if (base_ + consumed_ == 0 && !format_.header && window_.starts_with(kByteOrderMark)) {
    advance_to(kByteOrderMark.size());
  } else if (base_ + consumed_ == 0 && window_.size() < kByteOrderMark.size() && !last_) {
    return State::need_input;
  }
  const auto rejected_before = rejected.size();
  for (;;) {
    const auto room = max_rejected - std::min(max_rejected, rejected.size() - rejected_before);
    if (into.full() || room == 0) return State::full;
    if (next_row_ < structure_.row_last.size()) {
      decode_group(into, rejected,
                   std::min<std::size_t>({kGroupRows, room, kTargetRows - into.rows()}));
    } else if (skipping_) {
      const auto end = window_.find('\n', consumed_);
      if (end == std::string_view::npos) {
        advance_to(window_.size());
        return last_ ? State::finished : State::need_input;
      }
      skipping_ = false;
      count_lines_to(end + 1);
      advance_to(end + 1);
    } else if (stray_ != csv::Scanner::kNoStray) {
      if (!recover_from_stray(rejected)) return State::need_input;
    } else if (scanned_ < window_.size()) {
      scan_more();
    } else if (row_begin_ == window_.size()) {
      return last_ ? State::finished : State::need_input;
    } else if (window_.size() - row_begin_ > kMaxRowBytes.value) {
      const auto from = scanner_.in_quotes() ? scanner_.open_at() : window_.size();
      const auto end = window_.find('\n', from);
      abandon_row(Errc::long_row, "the row has more than 64 MiB", rejected,
                  end == std::string_view::npos ? window_.size() : end + 1);
      skipping_ = end == std::string_view::npos;
    } else if (!last_) {
      return State::need_input;
    } else if (scanner_.in_quotes()) {
      // What is a quoted field without an end can only be told at the end.
      const auto end = window_.find('\n', scanner_.open_at());
      abandon_row(Errc::bad_quotes, "a quoted field never ends", rejected,
                  end == std::string_view::npos ? window_.size() : end + 1);
    } else {
      // The last row has no line break: its end is the end of the window.
      structure_.row_last.push_back(static_cast<std::uint32_t>(structure_.ends.size()));
      structure_.ends.push_back(static_cast<std::uint32_t>(window_.size()));
    }
  }
}

/// Forgets the rows that are done and scans the next piece of the window.
void CsvDecoder::scan_more() {
  const auto done = structure_.row_last.empty() ? 0 : structure_.row_last.back() + 1;
  structure_.ends.erase(structure_.ends.begin(),
                        structure_.ends.begin() + static_cast<std::ptrdiff_t>(done));
  structure_.row_last.clear();
  structure_.non_ascii = false;
  next_row_ = 0;
  const auto to = std::min(window_.size(), scanned_ + kScanBytes);
  stray_ = scanner_.scan(window_.data(), scanned_, to, structure_);
  scanned_ = to;
}

/// The row at row_begin_ holds a stray quote: it ends at the next line break, whatever stands in
/// quotes.
bool CsvDecoder::recover_from_stray(std::vector<RejectedRow>& rejected) {
  auto end = window_.find('\n', stray_);
  if (end == std::string_view::npos) {
    if (!last_ && window_.size() - row_begin_ <= kMaxRowBytes.value) return false;
    skipping_ = !last_;
    end = window_.size();
  } else {
    ++end;
  }
  abandon_row(Errc::bad_quotes,
              "the quote at byte " + std::to_string(stray_ - row_begin_ + 1) +
                  " of the row stands neither at the start nor at the end of a field",
              rejected, end);
  return true;
}

/// Sets the row at row_begin_ aside and goes on at `row_end`.
void CsvDecoder::abandon_row(Errc code, std::string reason, std::vector<RejectedRow>& rejected,
                             std::size_t row_end) {
  rejected.push_back(reject(code, place_of(row_begin_),
                            window_.substr(row_begin_, row_end - row_begin_), {},
                            std::move(reason)));
  count_lines_to(row_end);
  advance_to(row_end);
}

void CsvDecoder::decode_group(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                              std::size_t most) {
  rows_.clear();
  bad_.clear();
  const auto* ends = structure_.ends.data();
  const auto* row_last = structure_.row_last.data();
  const auto stop = std::min(structure_.row_last.size(), next_row_ + most);
  auto begin = static_cast<std::uint32_t>(row_begin_);
  auto first = next_row_ == 0 ? 0u : row_last[next_row_ - 1] + 1;
  std::size_t taken = 0;
  for (auto row = next_row_; row < stop; ++row) {
    const auto last = row_last[row];
    const auto end = ends[last];
    const auto count = last - first + 1;
    if (count != fields_per_row_) [[unlikely]] {
      const bool blank =
          count == 1 && (end == begin || (end == begin + 1 && window_[begin] == '\r'));
      if (!blank) {
        auto reason = std::to_string(count) + (count == 1 ? " field" : " fields") + " instead of " +
                      std::to_string(fields_per_row_);
        bad_.push_back({static_cast<std::uint32_t>(rows_.size()), ~0u, Errc::bad_field_count,
                        std::move(reason)});
        rows_.push_back({begin, first, end});
      }
    } else {
      if (end - begin > kMaxRowBytes.value) [[unlikely]]
        bad_.push_back({static_cast<std::uint32_t>(rows_.size()), ~0u, Errc::long_row,
                        "the row has more than 64 MiB"});
      rows_.push_back({begin, first, end});
    }
    begin = end + 1;
    first = last + 1;
    ++taken;
  }

  const auto rows_before = into.rows();
  if (bad_.empty()) read_columns(into);
  if (!bad_.empty()) {
    // Some row is bad: take out the bad ones, report them in order, read the good ones again.
    into.truncate(rows_before);
    const auto all = std::move(rows_);
    auto bad = std::move(bad_);
    for (bool again = true; again;) {
      std::stable_sort(bad.begin(), bad.end(),
                       [](const BadField& a, const BadField& b) { return a.row < b.row; });
      rows_.clear();
      std::vector<std::uint32_t> origin;
      std::size_t next_bad = 0;
      for (std::uint32_t row = 0; row < all.size(); ++row) {
        while (next_bad < bad.size() && bad[next_bad].row < row) ++next_bad;
        if (next_bad < bad.size() && bad[next_bad].row == row) continue;
        rows_.push_back(all[row]);
        origin.push_back(row);
      }
      bad_.clear();
      read_columns(into);
      again = !bad_.empty();
      if (again) into.truncate(rows_before);
      for (auto& found : bad_) {
        found.row = origin[found.row];
        bad.push_back(std::move(found));
      }
    }
    auto previous = ~0u;
    for (auto& found : bad) {
      if (found.row == previous) continue;
      previous = found.row;
      const auto& row = all[found.row];
      rejected.push_back(reject(found.code, place_of(row.begin),
                                window_.substr(row.begin, row.end - row.begin),
                                found.column == ~0u ? std::string{} : readers_[found.column].name,
                                std::move(found.reason)));
    }
  }
  next_row_ += taken;
  row_begin_ = std::min<std::size_t>(begin, window_.size());
  count_lines_to(row_begin_);
}

void CsvDecoder::read_columns(BatchBuilder& into) {
  if (readers_.empty()) {
    for (std::size_t i = 0; i < rows_.size(); ++i) into.append_row(std::span<const Value>{});
    return;
  }
  for (std::uint32_t i = 0; i < readers_.size(); ++i) read_column(i, into.column(i));
}

/// A field that is not the plain spelling of a value: null, quoted, spaced, or bad.
void CsvDecoder::read_slowly(std::uint32_t index, std::uint32_t row, std::string_view text,
                             ColumnBuilder& into) {
  auto& reader = readers_[index];
  bool done = false;
  if (text == format_.null) {
    done = reader.append_null(into);
  } else if (format_.quote != 0 && text.starts_with(format_.quote)) {
    const auto content = csv::unquote(text, format_.quote, scratch_);
    if (content) {
      done = reader.append(*content, into);
    } else {
      reader.code = Errc::bad_quotes;
      reader.reason = "quotes of " + in_quotes(text) + " do not match";
    }
  } else {
    done = reader.append(text, into);
  }
  if (!done) {
    bad_.push_back({row, index, reader.code, reader.reason});
    into.append_null();
  }
}

template <class T, class Parse>
void CsvDecoder::read_numbers(std::uint32_t index, ColumnBuilder& into, Parse&& parse) {
  const auto field = fields_[index];
  const bool plain_null = format_.null.empty();
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    const auto text = field_of(rows_[row], field);
    T value{};
    if ((!text.empty() && (plain_null || text != format_.null)) && parse(text, value)) [[likely]] {
      if constexpr (std::is_same_v<T, std::int32_t>) into.append_int32(value);
      if constexpr (std::is_same_v<T, std::int64_t>) into.append_int64(value);
      if constexpr (std::is_same_v<T, double>) into.append_float64(value);
    } else {
      read_slowly(index, row, text, into);
    }
  }
}

void CsvDecoder::read_column(std::uint32_t index, ColumnBuilder& into) {
  auto& reader = readers_[index];
  const auto field = fields_[index];
  switch (reader.type.id) {
    case TypeId::int64:
      return read_numbers<std::int64_t>(
          index, into, [](std::string_view text, std::int64_t& value) {
            return field::parse_int64(text.data(), text.data() + text.size(), value) ==
                   field::Parsed::ok;
          });
    case TypeId::int32:
      return read_numbers<std::int32_t>(
          index, into, [](std::string_view text, std::int32_t& value) {
            return field::parse_int32(text.data(), text.data() + text.size(), value) ==
                   field::Parsed::ok;
          });
    case TypeId::float64:
      return read_numbers<double>(index, into, [](std::string_view text, double& value) {
        return field::parse_float64(text.data(), text.data() + text.size(), value) ==
               field::Parsed::ok;
      });
    case TypeId::timestamp:
      return read_numbers<std::int64_t>(index, into,
                                        [&](std::string_view text, std::int64_t& value) {
                                          return reader.time.parse(text, value);
                                        });
    case TypeId::string:
      if (!structure_.non_ascii) {
        const bool plain_null = format_.null.empty();
        for (std::uint32_t row = 0; row < rows_.size(); ++row) {
          const auto text = field_of(rows_[row], field);
          if (!text.empty() && (text[0] != format_.quote || format_.quote == 0) &&
              (plain_null || text != format_.null)) [[likely]] {
            into.append_view(text);
          } else {
            read_slowly(index, row, text, into);
          }
        }
        return;
      }
      [[fallthrough]];
    default:
      for (std::uint32_t row = 0; row < rows_.size(); ++row)
        read_slowly(index, row, field_of(rows_[row], field), into);
  }
}

}  // namespace flow
