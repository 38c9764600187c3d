#include "lines_decoder.hpp"

#include "value_text.hpp"

namespace flow {
namespace {

class LinesDecoder final : public RowDecoder {
 public:
  explicit LinesDecoder(std::vector<ColumnReader> readers) : readers_{std::move(readers)} {}

  Status start(TextPosition position, std::string_view) override {
    base_ = position;
    window_ = {};
    consumed_ = 0;
    skipping_ = false;
    return {};
  }
  void feed(std::string_view window, bool last) override {
    base_.byte += consumed_;
    consumed_ = 0;
    window_ = window;
    last_ = last;
  }
  Result<State> decode(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                       std::size_t max_rejected) override {
    const auto rejected_end = rejected.size() + max_rejected;
    for (;;) {
      if (into.full() || rejected.size() >= rejected_end) return State::full;
      if (consumed_ == window_.size()) return last_ ? State::finished : State::need_input;
      auto end = window_.find('\n', consumed_);
      const bool open = end == std::string_view::npos;
      if (open) end = window_.size();
      const auto length = end - consumed_;
      if (open && !last_ && !skipping_ && length <= kMaxRowBytes.value) return State::need_input;
      auto line = window_.substr(consumed_, length);
      if (skipping_) {
        skipping_ = open;
      } else if (length > kMaxRowBytes.value) {
        rejected.push_back(
            reject(Errc::long_row, position(), line, {}, "the row has more than 64 MiB"));
        skipping_ = open;
      } else {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (readers_.empty()) {
          into.append_row(std::span<const Value>{});
        } else if (!readers_[0].append(line, into.column(0))) {
          rejected.push_back(
              reject(readers_[0].code, position(), line, readers_[0].name, readers_[0].reason));
        }
      }
      consumed_ = open ? end : end + 1;
      base_.line += open ? 0 : 1;
    }
  }
  [[nodiscard]] std::size_t consumed() const noexcept override { return consumed_; }
  [[nodiscard]] TextPosition position() const noexcept override {
    return {base_.byte + consumed_, base_.line};
  }

 private:
  std::vector<ColumnReader> readers_;
  std::string_view window_;
  bool last_ = false;
  TextPosition base_;  ///< Byte of the window; line of the next row.
  std::size_t consumed_ = 0;
  bool skipping_ = false;  ///< Inside a line that was too long.
};

}  // namespace

Result<std::unique_ptr<RowDecoder>> make_lines_decoder(const DecodedColumns& columns) {
  if (columns.declared->size() != 1 || !is_variable(columns.declared->field(0).type))
    return Error{Errc::bad_format, "format lines has exactly one column, of type string or bytes"}
        .with_remedy("declare `schema: {line: string}`");
  FLOW_ASSIGN(auto readers, ColumnReader::make(columns));
  return std::unique_ptr<RowDecoder>{std::make_unique<LinesDecoder>(std::move(readers))};
}

}  // namespace flow
