#pragma once

#include "csv_scanner.hpp"
#include "value_text.hpp"

#include "flow/format/format.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Decodes CSV column by column: the scanner finds the fields of a few hundred rows, then each
/// needed column is read in a loop of its own. Rows that turn out to be bad are taken out and the
/// group is read again.
class CsvDecoder final : public RowDecoder {
 public:
  static Result<std::unique_ptr<RowDecoder>> make(const CsvFormat& format,
                                                  const DecodedColumns& columns);

  Status start(TextPosition position, std::string_view header) override;
  void feed(std::string_view window, bool last) override;
  Result<State> decode(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                       std::size_t max_rejected) override;
  [[nodiscard]] std::size_t consumed() const noexcept override { return consumed_; }
  [[nodiscard]] TextPosition position() const noexcept override {
    return {base_ + consumed_, line_};
  }

 private:
  /// A row of the window: where it begins and its first structural character.
  struct Row {
    std::uint32_t begin;
    std::uint32_t first;
    std::uint32_t end;  ///< Its line break.
  };
  struct BadField {
    std::uint32_t row;  ///< In rows_.
    std::uint32_t column;
    Errc code;
    std::string reason;
  };

  CsvDecoder(const CsvFormat& format, const DecodedColumns& columns,
             std::vector<ColumnReader> readers);

  Result<bool> read_header();
  Status bind_header(std::string_view header);
  void scan_more();
  bool recover_from_stray(std::vector<RejectedRow>& rejected);
  void abandon_row(Errc code, std::string reason, std::vector<RejectedRow>& rejected,
                   std::size_t row_end);
  void decode_group(BatchBuilder& into, std::vector<RejectedRow>& rejected, std::size_t most);
  void read_columns(BatchBuilder& into);
  void read_column(std::uint32_t index, ColumnBuilder& into);
  template <class T, class Parse>
  void read_numbers(std::uint32_t index, ColumnBuilder& into, Parse&& parse);
  void read_slowly(std::uint32_t index, std::uint32_t row, std::string_view text,
                   ColumnBuilder& into);
  [[nodiscard]] std::string_view field_of(const Row& row, std::uint32_t field) const noexcept;
  void count_lines_to(std::size_t end);
  [[nodiscard]] TextPosition place_of(std::size_t begin) const;
  void advance_to(std::size_t position);

  CsvFormat format_;
  SchemaPtr declared_;
  std::vector<ColumnReader> readers_;
  std::vector<std::uint32_t> fields_;  ///< Of each reader: index of its field in a row.
  std::uint32_t fields_per_row_ = 0;   ///< 0: not known yet.
  std::string header_names_;           ///< For messages.

  std::string_view window_;
  bool last_ = false;
  std::uint64_t base_ = 0;  ///< Stream position of the window.
  std::uint64_t line_ = 0;  ///< Line breaks before consumed_.
  std::size_t consumed_ = 0;
  std::size_t row_begin_ = 0;  ///< Of the first row of structure_ not yet taken.
  std::size_t scanned_ = 0;
  std::size_t stray_ = csv::Scanner::kNoStray;
  bool skipping_ = false;  ///< Inside a row that was too long: everything up to a line break goes.
  csv::Scanner scanner_;
  csv::Scanner::Structure structure_;
  std::size_t next_row_ = 0;  ///< In structure_.row_last.
  std::vector<Row> rows_;
  std::vector<BadField> bad_;
  std::string scratch_;
};

}  // namespace flow
