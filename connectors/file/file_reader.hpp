#pragma once

#include "block_reader.hpp"
#include "file_source.hpp"
#include "line_counter.hpp"

#include <deque>
#include <map>
#include <memory>

namespace flow::file {

/// Reads the splits of a file source one after the other, the next one ahead.
///
/// Bad rows are held back until the rows before them have left, so that rows, bad rows and position
/// always speak of the same prefix of a split.
///
/// Owner: one source SUBTASK.   Thread: actor-confined.
/// Errors: those of ByteStream; bad_header, bad_field and the other codes of a row if on_error is
/// fail.
class FileReader final : public SourceReader {
 public:
  static Result<std::unique_ptr<SourceReader>> make(const FileSourcePlan& plan,
                                                    const ConnectorContext& context);

  Status assign(Split split, std::string position) override;
  Result<Polled> poll() override;
  [[nodiscard]] std::string position(std::uint32_t split) const override;
  [[nodiscard]] std::string place_of_row(std::uint32_t row) const override;
  std::vector<BadRow> take_bad_rows() override;
  [[nodiscard]] std::uint64_t bad_rows() const override { return bad_count_; }
  [[nodiscard]] std::uint64_t bytes_read() const override;

 private:
  struct Active {
    Split split;
    FileSplit file;
    std::optional<TextPosition> resume;
    std::unique_ptr<BlockReader> blocks;
    TextPosition start;  ///< Of the decoder; in a range the line counts from the range's first row.
    std::optional<std::uint64_t> lines_before;  ///< Line breaks before `start`, once it is known.
    bool started = false;                       ///< The decoder has been started.
    bool finished = false;                      ///< Every row has been given.
  };
  /// The text that the batch given last was read from.
  struct Extent {
    std::uint64_t first_line = 0;  ///< Lines count from the range's first row, as in TextPosition.
    std::uint64_t lines = 0;
    std::uint32_t rows = 0;
  };
  /// What the next step of a poll has to be.
  enum class Step : std::uint8_t {
    again,
    emit,
    pending,
    counting,  ///< Lines; what was decoded cannot be given before.
  };

  FileReader(FileSourcePlan plan, const ConnectorContext& context,
             std::unique_ptr<RowDecoder> decoder);

  Result<Step> advance(Active& active);
  Result<Step> take_block(Active& active);
  Result<Step> fail_stream(Active& active, const Error& error);
  Result<bool> know_lines(Active& active);
  Status take_rejected(const Active& active);
  [[nodiscard]] bool bad_rows_wait() const noexcept;
  void make_window(Active& active, Block block);
  [[nodiscard]] Extent extent() const;
  void settle(const Active& active);
  Polled emit(const Active& active);
  [[nodiscard]] std::string line_of(const Active& active, std::uint64_t line) const;
  [[nodiscard]] std::string place_of(const Active& active, TextPosition at) const;
  [[nodiscard]] std::string evidence(const Active& active) const;
  Error describe(const Active& active, const Error& error) const;
  Error describe(const Active& active, const RejectedRow& row) const;

  FileSourcePlan plan_;
  ConnectorContext context_;
  std::unique_ptr<RowDecoder> decoder_;
  BatchBuilder builder_;
  SpareBlocks spare_;  // Outlives what is in active_.
  LineCounter lines_;
  std::deque<Active> active_;
  std::map<std::uint32_t, std::string> positions_;

  Block block_;                 ///< Holds the window, unless there is a long row.
  std::vector<char> long_row_;  ///< Holds the window if it begins with a row longer than kHeadroom.
  std::string_view window_;
  bool window_done_ = true;  ///< The decoder wants more.

  std::vector<RejectedRow> rejected_;
  /// What decoding ended with, while `rejected_` waits for the lines before the range.
  std::optional<RowDecoder::State> decoded_;
  std::vector<BadRow> bad_staged_;  ///< Behind the position.
  std::vector<BadRow> bad_ready_;
  std::size_t bad_bytes_ = 0;  ///< Of both.
  std::uint64_t bad_count_ = 0;
  std::optional<Error> failure_;  ///< Behind the batch that was given last.
  TextPosition settled_;          ///< Of the decoder when it was settled last.
  Extent given_;
  std::uint64_t rows_given_ = 0;    ///< Of the present split, since it was assigned.
  std::uint64_t bytes_before_ = 0;  ///< Of splits that are done.
};

}  // namespace flow::file
