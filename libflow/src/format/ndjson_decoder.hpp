#pragma once

#include "value_text.hpp"

#include "flow/format/format.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace flow {

namespace ndjson {
struct Patterns;
}

/// Decodes one JSON object per line in a single pass, without an index of the text.
///
/// The rows of a stream nearly always have the same keys in the same order, so each place in a row
/// has a guess of the bytes that stand between two values; a guess that is right costs one
/// comparison. Whatever is unusual (escapes in a needed string, nested values in a needed column,
/// errors) makes the row undone and read again by simdjson, which also finds the words for what is
/// wrong.
class NdjsonDecoder final : public RowDecoder {
 public:
  static Result<std::unique_ptr<RowDecoder>> make(const NdjsonFormat& format,
                                                  const DecodedColumns& columns);
  ~NdjsonDecoder() override;

  Status start(TextPosition position, std::string_view header) override;
  void feed(std::string_view window, bool last) override;
  Result<State> decode(BatchBuilder& into, std::vector<RejectedRow>& rejected,
                       std::size_t max_rejected) override;
  [[nodiscard]] std::size_t consumed() const noexcept override { return consumed_; }
  [[nodiscard]] TextPosition position() const noexcept override {
    return {base_ + consumed_, line_};
  }

 private:
  static constexpr std::int32_t kIgnored = -1;  ///< A column nobody needs, or an unknown key.
  static constexpr std::int32_t kRefused = -2;  ///< An unknown key that makes the row bad.
  static constexpr std::size_t kGuessBytes = 32;

  /// What probably stands here: the bytes up to the value, and whose value it is.
  struct Guess {
    alignas(kGuessBytes) char bytes[kGuessBytes];
    std::uint32_t mask = 0;
    std::uint32_t length = 0;
    std::int32_t reader = kIgnored;
  };
  /// Where the value of a key begins, and whose it is; null: not usual.
  struct Key {
    const char* end = nullptr;
    std::int32_t reader = kIgnored;
  };
  struct Slow;

  NdjsonDecoder(const NdjsonFormat& format, const DecodedColumns& columns,
                std::vector<ColumnReader> readers);

  [[nodiscard]] std::int32_t reader_of(std::string_view key) const;
  const char* decode_fast(const char* at, BatchBuilder& into, const ndjson::Patterns& is);
  Key read_key(const char* at, std::size_t place, const ndjson::Patterns& is);
  void decode_slow(std::string_view row, BatchBuilder& into, std::vector<RejectedRow>& rejected);
  void decode_row(const char* begin, const char* end, BatchBuilder& into,
                  std::vector<RejectedRow>& rejected);

  NdjsonFormat format_;
  SchemaPtr declared_;
  std::vector<ColumnReader> readers_;
  std::unordered_map<std::string, std::int32_t> keys_;
  std::uint64_t all_seen_ = 0;
  std::vector<Guess> guesses_;

  std::string_view window_;
  bool last_ = false;
  std::size_t rows_end_ = 0;  ///< Behind the last line break of the window.
  std::uint64_t base_ = 0;
  std::uint64_t line_ = 0;
  std::size_t consumed_ = 0;
  bool skipping_ = false;
  std::string tail_;  ///< The last row of a stream without a line break, with one.
  std::unique_ptr<Slow> slow_;
};

}  // namespace flow
