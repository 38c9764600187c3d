#include "file_reader.hpp"

#include "flow/format/utf8.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace flow::file {
namespace {

constexpr std::size_t kMostBadRows = 1024;
// Dead letters that wait to be taken make one batch: about this much, and what one window holds.
constexpr std::size_t kMostBadBytes = 1024 * 1024;

}  // namespace

Result<std::unique_ptr<SourceReader>> FileReader::make(const FileSourcePlan& plan,
                                                       const ConnectorContext& context) {
  auto decoder = make_decoder(plan.format, plan.columns);
  if (!decoder) return std::move(decoder).error().with_context("source '" + plan.node + "'");
  return std::unique_ptr<SourceReader>{new FileReader{plan, context, std::move(*decoder)}};
}

FileReader::FileReader(FileSourcePlan plan, const ConnectorContext& context,
                       std::unique_ptr<RowDecoder> decoder)
    : plan_{std::move(plan)},
      context_{context},
      decoder_{std::move(decoder)},
      builder_{plan_.columns.schema(), context.pool},
      lines_{context} {}

Status FileReader::assign(Split split, std::string position) {
  Active active;
  FLOW_ASSIGN(active.file, FileSplit::decode(split.description));
  std::optional<std::uint64_t> byte;
  if (!position.empty()) {
    FLOW_ASSIGN(active.resume, decode_position(position));
    byte = active.resume->byte;
  }
  active.blocks = std::make_unique<BlockReader>(context_, spare_, active.file, plan_.format, byte);
  positions_[split.index] = std::move(position);
  active.split = std::move(split);
  active_.push_back(std::move(active));
  if (active_.size() <= 2) active_.back().blocks->prefetch();
  return {};
}

Result<Polled> FileReader::poll() {
  if (active_.empty()) {
    Polled polled;
    polled.kind = Polled::Kind::starved;
    return polled;
  }
  auto& active = active_.front();
  if (failure_) return *failure_;
  while (!active.finished) {
    FLOW_ASSIGN(const auto step, advance(active));
    if (step == Step::again) continue;
    if (step == Step::counting) return Polled{};
    if (builder_.rows() > 0) return emit(active);
    settle(active);
    if (step == Step::pending) return Polled{};
    if (bad_rows_wait() && plan_.on_error == OnError::dead_letter) {
      // Nothing but bad rows; they have to be taken before there can be more.
      Polled polled;
      polled.not_before = context_.clock.monotonic();
      return polled;
    }
  }
  if (builder_.rows() > 0) return emit(active);
  settle(active);
  Polled polled;
  polled.kind = Polled::Kind::split_finished;
  polled.split = active.split.index;
  bytes_before_ += active.blocks->bytes_read();
  active_.pop_front();
  window_done_ = true;
  window_ = {};
  rows_given_ = 0;
  if (active_.size() >= 2) active_[1].blocks->prefetch();
  return polled;
}

/// Decodes what is there, or gets more.
Result<FileReader::Step> FileReader::advance(Active& active) {
  if (!decoded_) {
    if (window_done_) return take_block(active);
    auto room = kMostBadRows;
    if (plan_.on_error == OnError::fail) room = 1;
    if (plan_.on_error == OnError::dead_letter) {
      if (bad_rows_wait()) return Step::emit;
      room = kMostBadRows - bad_ready_.size() - bad_staged_.size();
    }
    auto state = decoder_->decode(builder_, rejected_, room);
    if (!state) return describe(active, std::move(state).error());
    decoded_ = *state;
  }
  if (!rejected_.empty()) {
    FLOW_ASSIGN(const bool known, know_lines(active));
    if (!known) return Step::counting;
  }
  FLOW_TRY(take_rejected(active));
  switch (*std::exchange(decoded_, std::nullopt)) {
    case RowDecoder::State::need_input:
      window_done_ = true;
      return Step::again;
    case RowDecoder::State::finished:
      active.finished = true;
      return Step::again;
    default:
      return Step::emit;
  }
}

/// Whether the lines before the split's first row are known; they are counted when a bad row needs
/// them.
Result<bool> FileReader::know_lines(Active& active) {
  if (active.lines_before) return true;
  auto counted = lines_.before(active.file, active.start.byte);
  if (!counted) return describe(active, std::move(counted).error());
  active.lines_before = *counted;
  return active.lines_before.has_value();
}

Result<FileReader::Step> FileReader::take_block(Active& active) {
  auto next = active.blocks->next();
  if (!next) return fail_stream(active, next.error());
  if (!*next) return Step::pending;
  auto block = std::move(**next);
  if (!active.started) {
    active.started = true;
    active.start = active.resume.value_or(TextPosition{active.blocks->first_byte(), 0});
    // Before a range that begins with the file nothing was left out.
    if (active.file.begin == 0) active.lines_before = active.start.line;
    settled_ = active.start;
    if (auto status = decoder_->start(active.start, active.blocks->header()); !status)
      return describe(active, std::move(status).error());
    window_ = {};
    rows_given_ = 0;
  }
  const bool last = block.last;
  make_window(active, std::move(block));
  decoder_->feed(window_, last);
  window_done_ = false;
  return Step::again;
}

/// Puts what the decoder left of the old window in front of the new block.
void FileReader::make_window(Active& active, Block block) {
  const auto rest = window_.empty() ? window_ : window_.substr(decoder_->consumed());
  const auto size = rest.size() + block.size;
  if (rest.size() <= kHeadroom) {
    auto* begin = block.text() - rest.size();
    if (!rest.empty()) std::memcpy(begin, rest.data(), rest.size());
    std::swap(block_, block);
    window_ = {begin, size};
    active.blocks->recycle(std::move(block));
    long_row_ = {};
    return;
  }
  // A row longer than a block's headroom: it grows in memory of its own.
  if (!long_row_.empty()) {
    const auto offset = static_cast<std::size_t>(rest.data() - long_row_.data());
    long_row_.erase(long_row_.begin(), long_row_.begin() + static_cast<std::ptrdiff_t>(offset));
    long_row_.resize(rest.size());
  } else {
    long_row_.assign(rest.begin(), rest.end());
  }
  long_row_.insert(long_row_.end(), block.text(), block.text() + block.size);
  long_row_.resize(size + kWindowPadding);
  window_ = {long_row_.data(), size};
  active.blocks->recycle(std::move(block));
}

/// The stream broke off: an error, or, if the policy says to go on, a bad row in place of what is
/// missing.
Result<FileReader::Step> FileReader::fail_stream(Active& active, const Error& error) {
  const bool damaged = error.code() == Errc::file_truncated || error.code() == Errc::file_corrupt;
  if (plan_.on_error == OnError::fail || !damaged) {
    // The rows before it go first.
    failure_ = describe(active, error);
    if (builder_.rows() > 0) return Step::emit;
    return *failure_;
  }
  ++bad_count_;
  const auto rest = window_.empty() ? window_ : window_.substr(decoder_->consumed());
  bad_staged_.push_back({place_of(active, decoder_->position()), error.reason(),
                         std::string{rest.substr(0, kMaxRejectedBytes)}, error.code()});
  bad_bytes_ += bad_staged_.back().bytes.size();
  active.finished = true;
  return Step::again;
}

Status FileReader::take_rejected(const Active& active) {
  if (rejected_.empty()) return {};
  if (plan_.on_error == OnError::fail) return describe(active, rejected_.front());
  bad_count_ += rejected_.size();
  for (auto& row : rejected_) {
    if (bad_staged_.size() + bad_ready_.size() >= kMostBadRows) break;
    auto reason =
        row.column.empty() ? std::move(row.reason) : "column '" + row.column + "': " + row.reason;
    bad_bytes_ += row.bytes.size();
    bad_staged_.push_back(
        {place_of(active, row.at), std::move(reason), std::move(row.bytes), row.code});
  }
  rejected_.clear();
  return {};
}

/// Everything before the decoder's position has been given: positions and bad rows follow.
void FileReader::settle(const Active& active) {
  if (active.started) {
    settled_ = decoder_->position();
    positions_[active.split.index] = encode_position(settled_);
  }
  bad_ready_.insert(bad_ready_.end(), std::make_move_iterator(bad_staged_.begin()),
                    std::make_move_iterator(bad_staged_.end()));
  bad_staged_.clear();
}

/// Of what was decoded since the decoder was settled last, without the header.
FileReader::Extent FileReader::extent() const {
  Extent extent{settled_.line, decoder_->position().line - settled_.line, 0};
  const auto* csv = std::get_if<CsvFormat>(&plan_.format);
  if (csv != nullptr && csv->header && settled_.byte == 0 && extent.lines > 0) {
    ++extent.first_line;
    --extent.lines;
  }
  // Positions count line breaks, and the last line may have none. The decoder need not know yet
  // that it was the last.
  const auto taken = window_.substr(0, window_.empty() ? 0 : decoder_->consumed());
  if (!taken.empty() && taken.back() != '\n') ++extent.lines;
  return extent;
}

Polled FileReader::emit(const Active& active) {
  Polled polled;
  polled.kind = Polled::Kind::batch;
  polled.batch = builder_.finish();
  polled.split = active.split.index;
  rows_given_ += polled.batch.rows();
  given_ = extent();
  given_.rows = polled.batch.rows();
  settle(active);
  return polled;
}

std::string FileReader::position(std::uint32_t split) const {
  const auto at = positions_.find(split);
  return at == positions_.end() ? std::string{} : at->second;
}

std::vector<BadRow> FileReader::take_bad_rows() {
  for (const auto& row : bad_ready_) bad_bytes_ -= row.bytes.size();
  return std::exchange(bad_ready_, {});
}

/// There are as many as are kept: they have to be taken before there can be more.
bool FileReader::bad_rows_wait() const noexcept {
  return bad_ready_.size() + bad_staged_.size() >= kMostBadRows || bad_bytes_ >= kMostBadBytes;
}

std::uint64_t FileReader::bytes_read() const {
  auto bytes = bytes_before_;
  for (const auto& active : active_) bytes += active.blocks->bytes_read();
  return bytes;
}

/// If there are as many lines as rows, each row is one of them. Else lines were blank, rows took
/// several or were set aside, and the row is somewhere between.
std::string FileReader::place_of_row(std::uint32_t row) const {
  if (active_.empty()) return {};
  const auto& active = active_.front();
  if (given_.lines == given_.rows) return line_of(active, given_.first_line + row);
  auto place = line_of(active, given_.first_line);
  if (given_.lines > 1)
    place += " or up to " + format_count(given_.lines - 1) +
             (given_.lines == 2 ? " line further on" : " lines further on");
  return place;
}

/// `flights.csv:48213`, or, if the lines before the range were not counted, `flights.csv, line 17
/// from byte 8388608`.
std::string FileReader::line_of(const Active& active, std::uint64_t line) const {
  if (active.lines_before)
    return active.file.path + ":" +
           std::to_string(*active.lines_before + line - active.start.line + 1);
  return active.file.path + ", line " + std::to_string(line - active.start.line + 1) +
         " from byte " + std::to_string(active.start.byte);
}

/// `flights.csv:48213 (byte 9311204)`.
std::string FileReader::place_of(const Active& active, TextPosition at) const {
  const auto place = active.lines_before ? line_of(active, at.line) : active.file.path;
  return place + " (byte " + std::to_string(at.byte) + ")";
}

/// `source 'flights', split 7 (flights-07.csv.gz), 48,213 rows read, to byte 9,311,204
/// uncompressed`
std::string FileReader::evidence(const Active& active) const {
  auto where = "source '" + plan_.node + "', split " + std::to_string(active.split.index + 1) +
               " (" + active.split.id + ")";
  if (!active.started) return where;
  where += ", " + format_count(rows_given_ + builder_.rows()) + " rows read, to byte " +
           format_count(decoder_->position().byte);
  if (active.file.compression != Compression::none) where += " uncompressed";
  return where;
}

Error FileReader::describe(const Active& active, const Error& error) const {
  auto described = Error{error.code(), "'" + plan_.node + "' cannot read " + active.file.path}
                       .with_cause(error.reason())
                       .with_retry(error.retry());
  for (const auto& note : error.notes()) described = std::move(described).with_note(note);
  described = std::move(described).with_note(evidence(active));
  if (error.code() == Errc::file_truncated || error.code() == Errc::file_corrupt)
    return std::move(described).with_remedy("set `on_error: skip` on '" + plan_.node +
                                            "' to read on with the next file");
  if (!error.remedy().empty()) return std::move(described).with_remedy(error.remedy());
  return described;
}

Error FileReader::describe(const Active& active, const RejectedRow& row) const {
  auto reason = row.column.empty() ? row.reason : "column '" + row.column + "': " + row.reason;
  auto shown = row.bytes.substr(0, 200);
  const bool text = is_utf8(shown);
  for (auto& c : shown)
    if ((c >= 0 && c < ' ') || (c < 0 && !text)) c = '?';
  if (shown.size() < row.bytes.size()) shown += " …";
  return Error{row.code, "'" + plan_.node + "' cannot read the row at " + place_of(active, row.at)}
      .with_cause(std::move(reason))
      .with_note("the row: " + shown)
      .with_note(evidence(active))
      .with_remedy("set `on_error: skip` or `on_error: dead_letter` on '" + plan_.node +
                   "' to read on without such rows");
}

}  // namespace flow::file
